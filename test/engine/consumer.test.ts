import assert from "node:assert/strict";
import { test } from "node:test";
import { defaults } from "#dist/engine/defaults.js";
import { Gate, publishAll, startConsumer, workAll } from "../support/engine.js";
import { hasReady, openChannel, uniqueQueue } from "../support/queue.js";

test("a task is acknowledged after its work, and only then", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue });
  const gate = new Gate();
  const { consumer, recorder } = startConsumer(t, { queue, handler: gate.handler });
  await recorder.first("task-received");
  const channel = await openChannel(t);
  consumer.stopNow("before it was done");
  await consumer.finished;
  assert.equal((await channel.checkQueue(queue)).messageCount, 1, "not done: it is in the queue again");
  const { totals } = await workAll({ queue });
  assert.equal(totals.done, 1);
  assert.equal((await channel.checkQueue(queue)).messageCount, 0);
});

test("C10: a busy worker gets no second task; the free one gets it", async (t) => {
  const queue = uniqueQueue(t);
  const gate = new Gate();
  const busy = startConsumer(t, { queue, name: "busy", handler: gate.handler });
  await busy.recorder.first("consuming");
  await publishAll(["long"], { queue });
  await busy.recorder.first("task-received");
  const free = startConsumer(t, { queue, name: "free" });
  await free.recorder.first("consuming");
  await publishAll(["a", "b", "c", "d"], { queue });
  await free.recorder.nth("task-done", 4);
  assert.equal(busy.recorder.all("task-received").length, 1);
});

test("--concurrency 3 works three tasks at a time and asks for three", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a", "b", "c", "d"], { queue });
  const gate = new Gate();
  const { consumer, recorder } = startConsumer(t, {
    queue,
    concurrency: 3,
    prefetch: 3,
    handler: gate.handler,
  });
  await recorder.nth("task-received", 3);
  const channel = await openChannel(t);
  assert.equal((await channel.checkQueue(queue)).messageCount, 1, "the fourth was not sent");
  gate.open();
  await recorder.nth("task-done", 4);
  consumer.stop("done");
  assert.equal((await consumer.finished).done, 4);
});

test("--prefetch 0 lets the broker send everything; what is not begun goes back when it stops", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a", "b", "c", "d"], { queue });
  const gate = new Gate();
  const { consumer, recorder } = startConsumer(t, { queue, prefetch: 0, handler: gate.handler });
  await recorder.first("task-received");
  const channel = await openChannel(t);
  await hasReady(channel, queue, 0);
  consumer.stop("asked to");
  await recorder.nth("task-requeued", 3);
  gate.open();
  const totals = await consumer.finished;
  assert.deepEqual([totals.done, totals.requeued], [1, 3]);
  assert.equal((await channel.checkQueue(queue)).messageCount, 3);
});

test("--max-tasks takes exactly so many: the next one is not even delivered", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a", "b", "c"], { queue });
  const { consumer } = startConsumer(t, { queue, maxTasks: 2 });
  assert.equal((await consumer.finished).done, 2);
  const channel = await openChannel(t);
  const message = await channel.get(queue, { noAck: true });
  assert.ok(message);
  assert.equal(message.content.toString(), "c");
  assert.equal(message.fields.redelivered, false);
});

test("--max-tasks with a larger prefetch leaves the rest untouched: requeued, it would count as failed", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a", "b", "c", "d", "e"], { queue });
  const gate = new Gate();
  const { consumer, recorder } = startConsumer(t, {
    queue,
    maxTasks: 2,
    prefetch: 0,
    concurrency: 2,
    handler: gate.handler,
  });
  await recorder.nth("task-received", 2); // an ack before that would fetch a third one
  gate.open();
  assert.deepEqual([(await consumer.finished).done, (await consumer.finished).requeued], [2, 0]);
  const channel = await openChannel(t);
  const message = await channel.get(queue, { noAck: true });
  assert.ok(message);
  assert.deepEqual([message.content.toString(), message.fields.redelivered], ["c", false]);
});

test("--exit-when-empty works the queue off, waits for what is in hand, and leaves", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a", "b", "c"], { queue });
  const { totals, recorder } = await workAll({ queue });
  assert.equal(totals.done, 3);
  assert.equal(recorder.all("stopping")[0]?.inHand, 0);
});

test("a stop finishes what is in hand, acknowledges it, and takes nothing more", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a", "b"], { queue });
  const gate = new Gate();
  const { consumer, recorder } = startConsumer(t, { queue, handler: gate.handler });
  await recorder.first("task-received");
  consumer.stop("asked to");
  assert.equal((await recorder.first("stopping")).inHand, 1);
  gate.open();
  assert.equal((await consumer.finished).done, 1);
  const channel = await openChannel(t);
  assert.equal((await channel.checkQueue(queue)).messageCount, 1, "C5: the ack was not left behind");
});

test("a stop before the first connection just ends it", async (t) => {
  const { consumer } = startConsumer(t, { queue: uniqueQueue(t) });
  consumer.stop("asked to");
  assert.equal((await consumer.finished).done, 0);
});

test("with retry: broker, a task whose handler fails is requeued, and comes again", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["fragile"], { queue });
  let tries = 0;
  const { consumer, recorder } = startConsumer(t, {
    queue,
    retry: "broker",
    handler: () => {
      if (++tries === 1) throw new Error("not today");
    },
  });
  assert.equal((await recorder.first("task-requeued")).reason, "not today");
  await recorder.first("task-done");
  assert.deepEqual(
    recorder.all("task-received").map(({ redelivered }) => redelivered),
    [false, true],
  );
  consumer.stop("done");
  await consumer.finished;
});

test("C11: a task that fails again and again does not go round at full speed, and does not end the worker", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["poison"], { queue });
  const { recorder } = startConsumer(t, {
    queue,
    retry: "broker",
    handler: () => {
      throw new Error("never");
    },
  });
  await recorder.nth("task-requeued", 3);
  const received = recorder.all("task-received").map(({ at }) => at.getTime());
  const requeued = recorder.all("task-requeued").map(({ at }) => at.getTime());
  // Timers may be a millisecond early, never late enough to matter here.
  for (const [time, at] of received.entries())
    assert.ok((requeued[time] ?? at) - at >= defaults.requeueDelayMs - 2 || requeued[time] === undefined);
});

test("--auto-ack: what was sent is gone from the queue, and lost when the worker is stopped at once", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a", "b", "c"], { queue });
  const gate = new Gate();
  const { consumer, recorder } = startConsumer(t, { queue, autoAck: true, handler: gate.handler });
  await recorder.first("task-received");
  const channel = await openChannel(t);
  await hasReady(channel, queue, 0);
  consumer.stopNow("asked to");
  const totals = await consumer.finished;
  assert.deepEqual([totals.done, totals.aborted, totals.requeued], [0, 3, 0]);
  assert.equal((await channel.checkQueue(queue)).messageCount, 0);
});
