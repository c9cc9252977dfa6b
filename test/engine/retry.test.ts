import assert from "node:assert/strict";
import { test } from "node:test";
import { DeadLetter } from "rabbitmq-work-queue";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import type { HandlerContext } from "#dist/engine/consume/task-runner.js";
import { publishAll, startConsumer, workAll } from "../support/engine.js";
import {
  brokerUrl,
  deletedAfterwards,
  describeQueue,
  openChannel,
  readAllMessages,
  uniqueQueue,
} from "../support/queue.js";
import { RawPublisher, raw } from "../support/raw-publisher.js";

const types = ["classic", "quorum"] as const;

const fail = (): never => {
  throw new Error("cannot do it");
};

test("a task that fails is tried again after each delay, and then is a dead letter with its history", async (t) => {
  for (const queueType of types) {
    const queue = uniqueQueue(t);
    for (const name of ["retry.100ms", "retry.1s", "dead"]) deletedAfterwards(t, `${queue}.${name}`);
    await publishAll(["bad"], { queue, queueType });
    const seen: [number, boolean][] = [];
    const { totals, recorder } = await workAll({
      ...{ queue, queueType, retry: [100, 1_000] },
      handler: (_task, { attempt, redelivered }) => {
        seen.push([attempt, redelivered]);
        throw new Error(`cannot do it, ${attempt}`);
      },
    });
    assert.deepEqual(
      seen.map(([attempt]) => attempt),
      [1, 2, 3],
    );
    assert.deepEqual(
      recorder.all("task-failed").map(({ attempt, reason, retryInMs }) => [attempt, reason, retryInMs]),
      [
        [1, "cannot do it, 1", 100],
        [2, "cannot do it, 2", 1_000],
        [3, "cannot do it, 3", null],
      ],
    );
    assert.equal((await recorder.first("task-dead")).reason, "cannot do it, 3");
    assert.deepEqual([totals.done, totals.failed, totals.dead, totals.requeued], [0, 3, 1, 0]);
    const channel = await openChannel(t);
    assert.equal((await channel.checkQueue(queue)).messageCount, 0);
    const { type, durable, arguments: declared } = await describeQueue(`${queue}.retry.100ms`);
    assert.deepEqual([type, durable], ["quorum", true]);
    assert.equal(declared["x-dead-letter-strategy"], "at-least-once");
    assert.equal((await describeQueue(`${queue}.dead`)).type, queueType);
    const [letter] = await readAllMessages(channel, `${queue}.dead`);
    assert.equal(letter?.content.toString(), "bad");
    assert.equal(letter?.properties.messageId, recorder.all("task-received")[0]?.task.id);
    const { "x-failure": failure, ...headers } = letter?.properties.headers ?? {};
    assert.deepEqual(Object.keys(headers).sort(), ["x-attempt", "x-first-failed-at"]);
    assert.equal(headers["x-attempt"], 3);
    assert.deepEqual(Object.keys(failure), ["reason", "worker", "at"]);
    assert.deepEqual([failure.reason, failure.worker], ["cannot do it, 3", "test-worker"]);
    assert.ok(headers["x-first-failed-at"] < failure.at);
  }
});

test("no queue is declared before the first failure", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["good"], { queue });
  await workAll({ queue, retry: [100] });
  const channel = await openChannel(t);
  await assert.rejects(channel.checkQueue(`${queue}.retry.100ms`), /NOT_FOUND/);
  await assert.rejects((await openChannel(t)).checkQueue(`${queue}.dead`), /NOT_FOUND/);
});

test("DeadLetter makes a dead letter at once; a handler sees the message's headers and its attempt", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  const channel = await openChannel(t);
  await channel.assertQueue(queue);
  channel.sendToQueue(queue, Buffer.from("bad"), { headers: { colour: "red" } });
  let context: HandlerContext | undefined;
  const { totals } = await workAll({
    queue,
    handler: (_task, given) => {
      context = given;
      throw new DeadLetter("it has no picture in it");
    },
  });
  assert.deepEqual([totals.failed, totals.dead], [1, 1]);
  assert.deepEqual(
    [context?.attempt, context?.redelivered, context?.deliveryCount, context?.headers],
    [1, false, undefined, { colour: "red" }],
  );
  const [letter] = await readAllMessages(channel, `${queue}.dead`);
  assert.equal(letter?.properties.headers?.["colour"], "red");
  assert.equal(letter?.properties.headers?.["x-failure"].reason, "it has no picture in it");
});

test("a copy keeps the message's properties, but not what would route it again or drop it", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  const other = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue);
  await channel.assertQueue(other);
  const sent = {
    ...{ contentType: "a/b", contentEncoding: "c", deliveryMode: 2, priority: 3, correlationId: "d" },
    ...{ replyTo: "e", messageId: "f", timestamp: 7, type: "h", appId: "i" },
  };
  const death = { "x-death": [{ count: 1, reason: "rejected", queue, exchange: "" }], "x-delivery-count": 2 };
  channel.sendToQueue(queue, Buffer.from("bad"), {
    ...sent,
    expiration: "60000",
    userId: "guest",
    headers: { ...death, "x-acquired-count": 2, CC: [other], kept: { deep: [1, "two"] } },
  });
  await workAll({ queue, retry: [], handler: fail });
  const [letter] = await readAllMessages(channel, `${queue}.dead`);
  for (const [name, value] of Object.entries(sent))
    assert.equal(letter?.properties[name as keyof typeof sent], value, name);
  assert.deepEqual([letter?.properties.expiration, letter?.properties.userId], [undefined, "guest"]);
  const { kept, ...headers } = letter?.properties.headers ?? {};
  assert.deepEqual(kept, { deep: [1, "two"] });
  assert.deepEqual(Object.keys(headers).sort(), ["x-attempt", "x-failure", "x-first-failed-at"]);
  assert.equal((await channel.checkQueue(other)).messageCount, 1, "routed by CC once, when it was published");
});

test("a message whose time to live ends before its next attempt is a dead letter, not dropped", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  await publishAll(["late"], { queue, ttlMs: 30_000 });
  const { recorder } = await workAll({ queue, retry: [40_000], handler: fail });
  assert.match((await recorder.first("task-dead")).reason, /cannot do it \(Its time to live is over/);
});

test("headers larger than amqplib can encode do not keep a task from becoming a dead letter", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  const channel = await openChannel(t);
  await channel.assertQueue(queue);
  const publisher = await RawPublisher.open(t);
  const headers = raw.table({ huge: raw.field("S", raw.long("x".repeat(100_000))) });
  await publisher.publish(queue, { headers, messageId: raw.short("one") }, Buffer.from("bad"));
  const { totals } = await workAll({ queue, retry: [], handler: fail });
  assert.equal(totals.dead, 1);
  const [letter] = await readAllMessages(channel, `${queue}.dead`);
  assert.deepEqual([letter?.content.toString(), letter?.properties.messageId], ["bad", "one"]);
});

test("a task that came back 19 times is a dead letter before it is begun", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  await publishAll(["poison"], { queue, queueType: "quorum" });
  const channel = await openChannel(t);
  for (let returns = 0; returns < 19; returns++) {
    const message = await channel.get(queue);
    assert.ok(message !== false);
    channel.reject(message, true);
  }
  await publishAll(["good"], { queue });
  const worked: (string | undefined)[] = [];
  const { totals, recorder } = await workAll({
    queue,
    handler: ({ text }) => {
      worked.push(text);
    },
  });
  assert.deepEqual(worked, ["good"]);
  assert.deepEqual([totals.done, totals.failed, totals.dead], [1, 0, 1]);
  assert.match((await recorder.first("task-dead")).reason, /came back 19 times/);
  assert.equal((await channel.checkQueue(`${queue}.dead`)).messageCount, 1);
});

test("where no queue for retries can be declared, the task is requeued, and the reason says why", async (t) => {
  const queue = uniqueQueue(t);
  const taken = `${queue}.retry.100ms`;
  deletedAfterwards(t, taken);
  await (await openChannel(t)).assertQueue(taken, { durable: true }); // somebody else's: tasks would stay in it
  await publishAll(["bad"], { queue });
  let attempts = 0;
  const { recorder } = await workAll({
    ...{ queue, retry: [100], maxTasks: 2 },
    handler: () => {
      if (++attempts === 1) fail();
    },
  });
  const { reason } = await recorder.first("task-requeued");
  assert.match(reason, /^cannot do it; no other attempt can be planned: .*\.retry\.100ms" exists with other/);
  assert.equal(recorder.all("task-done").length, 1);
});

test("a name too long for a retry queue is a reason too, not a crash", async (t) => {
  const queue = uniqueQueue(t, brokerUrl, "q".repeat(215));
  await publishAll(["bad"], { queue });
  let attempts = 0;
  const { recorder } = await workAll({
    ...{ queue, retry: [1_000], maxTasks: 2 },
    handler: () => {
      if (++attempts === 1) fail();
    },
  });
  assert.match((await recorder.first("task-requeued")).reason, /is longer than 255 bytes/);
});

test("a waiting task holds no slot, and --exit-when-empty waits for it", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.retry.1s`);
  await publishAll(["bad", "a", "b"], { queue });
  const { totals, recorder } = await workAll({
    ...{ queue, retry: [1_000] },
    handler: ({ text }, { attempt }) => {
      if (text === "bad" && attempt === 1) fail();
    },
  });
  assert.deepEqual(
    recorder.all("task-done").map(({ task }) => task.text),
    ["a", "b", "bad"],
  );
  assert.deepEqual([totals.done, totals.failed, totals.dead], [3, 1, 0]);
});

test("retry: broker leaves it to the queue, and the attempt is what the queue counts", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["bad"], { queue, queueType: "quorum" });
  const attempts: number[] = [];
  const { consumer, recorder } = startConsumer(t, {
    ...{ queue, queueType: "quorum", retry: "broker", urls: [new BrokerUrl(brokerUrl)] },
    handler: (_task, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) fail();
    },
  });
  await recorder.first("task-done");
  consumer.stop("done");
  assert.equal((await consumer.finished).requeued, 2);
  assert.deepEqual(attempts, [1, 2, 3]);
});
