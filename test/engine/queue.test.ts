import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkQueueError } from "#dist/engine/errors.js";
import type { QueueType } from "#dist/engine/events.js";
import { publishAll, workAll } from "../support/engine.js";
import { describeQueue, openChannel, uniqueQueue } from "../support/queue.js";
import { Recorder } from "../support/recorder.js";

test("the queue is declared durable, with no argument of ours", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue });
  const found = await describeQueue(queue);
  assert.equal(found.durable, true);
  // RabbitMQ 4 writes its default type down among the arguments.
  assert.deepEqual(
    Object.keys(found.arguments).filter((name) => name !== "x-queue-type"),
    [],
  );
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true }); // refused where it had other arguments
});

test("whether the declaration has created the queue is reported, also when it was deleted meanwhile", async (t) => {
  const queue = uniqueQueue(t);
  const created = async () => {
    const { recorder } = await publishAll(["one"], { queue });
    return recorder.all("queue-declared").map(({ created }) => created);
  };
  assert.deepEqual([await created(), await created()], [[true], [false]]);
  await (await openChannel(t)).deleteQueue(queue);
  assert.deepEqual(await created(), [true]);
});

test("--queue-type quorum declares a quorum queue", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue, queueType: "quorum" });
  assert.equal((await describeQueue(queue)).type, "quorum");
});

const adoptions: { there: QueueType; wanted: QueueType | undefined }[] = [
  { there: "quorum", wanted: undefined },
  { there: "quorum", wanted: "classic" },
  { there: "classic", wanted: "quorum" },
];
for (const { there, wanted } of adoptions) {
  test(`N9: a ${there} queue is used as it is where ${wanted ?? "no type"} is asked for`, async (t) => {
    const queue = uniqueQueue(t);
    const channel = await openChannel(t);
    await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": there } });
    const published = await publishAll(["one", "two"], { queue, queueType: wanted });
    const [declared] = published.recorder.all("queue-declared");
    assert.deepEqual([declared?.adopted, declared?.type], [true, there]);
    const { totals } = await workAll({ queue, queueType: wanted });
    assert.equal(totals.done, 2);
  });
}

test("a queue declared by us is found by a declaration like ours, and counts what is in it", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one", "two"], { queue });
  const { recorder } = await publishAll(["three"], { queue });
  const [declared] = recorder.all("queue-declared");
  assert.deepEqual([declared?.created, declared?.adopted], [false, false]);
  assert.deepEqual([declared?.ready, declared?.workers], [2, 0]);
});

test("N8: a queue that is not durable is an error that names both values", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: false });
  await assert.rejects(publishAll(["one"], { queue }), (error: unknown) => {
    assert.ok(error instanceof WorkQueueError);
    assert.equal(error.code, "QUEUE_MISMATCH");
    assert.match(error.message, /durable = false/);
    assert.match(error.message, /durable = true/);
    return true;
  });
});

test("a queue that is exclusive to another connection is an error, and is used when that is gone and there is time", async (t) => {
  const channel = await openChannel(t);
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await assert.rejects(publishAll(["one"], { queue }), { code: "QUEUE_UNAVAILABLE" });
  const other = uniqueQueue(t);
  await channel.assertQueue(other, { exclusive: true });
  const recorder = new Recorder();
  const publishing = publishAll(["one"], { queue: other, waitMs: 60_000 }, recorder);
  await recorder.first("reconnecting");
  await channel.deleteQueue(other);
  assert.equal((await publishing).totals.confirmed, 1);
});

test("a stream is no work queue: what is acknowledged stays in it", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "stream" } });
  await assert.rejects(publishAll(["one"], { queue }), { code: "QUEUE_MISMATCH", message: /stream/ });
});

test("a name the broker reserves is refused with its reason", async () => {
  await assert.rejects(publishAll(["one"], { queue: "amq.mine" }), { code: "QUEUE_REFUSED" });
});

test("a publisher whose queue is deleted tells what came back, and declares it again for the rest", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  const recorder = new Recorder();
  async function* tasks() {
    yield "before";
    await recorder.first("task-confirmed");
    await channel.deleteQueue(queue);
    yield "into nothing";
    await recorder.nth("queue-declared", 2);
    yield "after";
  }
  const { totals } = await publishAll(tasks(), { queue }, recorder);
  assert.deepEqual([totals.confirmed, totals.unroutable], [2, 1]);
  assert.equal((await channel.checkQueue(queue)).messageCount, 1);
});

test("many tasks that come back at once are one reason for a new connection", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  const recorder = new Recorder();
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on("warning", warned);
  t.after(() => process.off("warning", warned));
  async function* tasks() {
    yield "before";
    await recorder.first("task-confirmed");
    await channel.deleteQueue(queue);
    yield Array.from({ length: 300 }, () => "into nothing");
    await recorder.nth("queue-declared", 2);
    yield "after";
  }
  const { totals } = await publishAll(tasks(), { queue }, recorder);
  assert.equal(totals.confirmed + totals.unroutable, 302);
  assert.equal(recorder.events.filter(({ event }) => event === "connection-lost").length, 1);
  assert.deepEqual(warnings, []);
});
