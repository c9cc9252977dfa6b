import assert from "node:assert/strict";
import { test } from "node:test";
import { publishAll } from "../support/engine.js";
import { closeConnection, openChannel, uniqueQueue } from "../support/queue.js";
import { Recorder } from "../support/recorder.js";

test("P1: everything confirmed is in the queue when the publisher is done, in order", async (t) => {
  const queue = uniqueQueue(t);
  const tasks = Array.from({ length: 3_000 }, (_, number) => `task ${number}`);
  const { totals } = await publishAll(tasks, { queue });
  assert.equal(totals.confirmed, 3_000);
  const channel = await openChannel(t);
  for (const task of tasks) {
    const message = await channel.get(queue, { noAck: true });
    assert.ok(message);
    assert.equal(message.content.toString(), task);
  }
  assert.equal(await channel.get(queue), false);
});

test("a task is stored persistent, with message id, timestamp and content type", async (t) => {
  const queue = uniqueQueue(t);
  const { recorder } = await publishAll(["one."], { queue });
  const channel = await openChannel(t);
  const message = await channel.get(queue, { noAck: true });
  assert.ok(message);
  const { deliveryMode, messageId, timestamp, contentType } = message.properties;
  assert.equal(deliveryMode, 2);
  assert.equal(messageId, recorder.all("task-confirmed")[0]?.task.id);
  assert.ok(Math.abs(timestamp - Date.now() / 1000) < 60);
  assert.match(contentType, /^text\/plain/);
});

test("--transient stores delivery mode 1, --ttl an expiration", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one."], { queue, persistent: false, ttlMs: 60_000 });
  const channel = await openChannel(t);
  const message = await channel.get(queue, { noAck: true });
  assert.ok(message);
  assert.equal(message.properties.deliveryMode, 1);
  assert.equal(message.properties.expiration, "60000");
});

test("a task that no worker took within its time is dropped by the broker", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one."], { queue, ttlMs: 1 });
  const channel = await openChannel(t);
  // The broker looks at a message's age when it comes to its turn.
  assert.equal(await channel.get(queue), false);
});

test("P2: a task no queue took is reported as unroutable, although the broker confirms it", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  async function* tasks() {
    await channel.deleteQueue(queue);
    yield "to no queue";
  }
  const { totals, recorder } = await publishAll(tasks(), { queue });
  assert.deepEqual([totals.confirmed, totals.unroutable], [0, 1]);
  assert.equal(recorder.all("task-unroutable")[0]?.task.text, "to no queue");
  assert.equal(recorder.all("task-confirmed").length, 0);
});

test("P5: no more than the window is in flight", async (t) => {
  const queue = uniqueQueue(t);
  const recorder = new Recorder();
  let inFlight = 0;
  let most = 0;
  const report: Recorder["report"] = (event) => {
    if (event.event === "task-sent") most = Math.max(most, ++inFlight);
    if (event.event === "task-confirmed") inFlight--;
    recorder.report(event);
  };
  const tasks = Array.from({ length: 20_000 }, (_, number) => `${number}`);
  await publishAll(tasks, { queue, report });
  assert.ok(most > 1 && most <= 1_000, `${most} in flight`);
});

test("a connection lost in the middle of a batch: all of it is confirmed in the end, and all arrives", async (t) => {
  const queue = uniqueQueue(t);
  const name = `publisher of ${queue}`;
  const recorder = new Recorder();
  async function* tasks() {
    for (let number = 0; number < 50; number++) {
      yield `task ${number}`;
      // In the middle of it the administrator closes the connection.
      if (number === 25) await closeConnection(name);
    }
  }
  const { totals } = await publishAll(tasks(), { queue, name }, recorder);
  assert.equal(totals.confirmed, 50);
  assert.equal(recorder.all("connection-lost").length, 1);
  const channel = await openChannel(t);
  const found = new Set<string>();
  for (let message = await channel.get(queue); message !== false; message = await channel.get(queue))
    found.add(message.content.toString());
  assert.equal(found.size, 50);
});

test("asked to stop, it reads no further task and what was published is confirmed", async (t) => {
  const queue = uniqueQueue(t);
  const stop = new AbortController();
  const recorder = new Recorder();
  async function* tasks() {
    yield "one";
    yield "two";
    stop.abort();
    yield "three";
  }
  await assert.rejects(publishAll(tasks(), { queue, signal: stop.signal }, recorder), {
    code: "INTERRUPTED",
  });
  assert.deepEqual(
    recorder.all("task-confirmed").map(({ task }) => task.text),
    ["one", "two"],
  );
});

test("when the input fails, what was read before is confirmed first", async (t) => {
  const queue = uniqueQueue(t);
  const recorder = new Recorder();
  async function* tasks() {
    yield "one";
    throw new Error("the disk is gone");
  }
  await assert.rejects(publishAll(tasks(), { queue }, recorder), /the disk is gone/);
  assert.equal(recorder.all("task-confirmed").length, 1);
});
