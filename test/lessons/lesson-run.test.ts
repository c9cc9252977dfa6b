import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { Task } from "#dist/engine/task.js";
import { LessonQueues } from "#dist/lessons/harness/lesson-queues.js";
import { LessonRun, type LessonRunOptions } from "#dist/lessons/harness/lesson-run.js";
import { TimedWaiting } from "#dist/lessons/harness/timed-waiting.js";
import type { TimelineEvent } from "#dist/timeline/timeline-event.js";
import { brokerUrl, openChannel } from "../support/queue.js";

/** The address of a server that takes connections and stays silent. */
async function silentUrl(t: TestContext): Promise<string> {
  const server = createServer((socket) => socket.on("error", () => {}));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return `amqp://127.0.0.1:${address.port}`;
}

const open = (url: string, options: Partial<LessonRunOptions> = {}): Promise<LessonRun> =>
  LessonRun.open({
    ...{ url, dotMs: 10, signal: new AbortController().signal },
    observer: { onPart: () => {}, onEvent: () => {} },
    ...options,
  });

test("a process that dies early ends all that the lesson waits for, with what it said", async (t) => {
  const run = await open(brokerUrl);
  t.after(() => run.close());
  const queue = run.newQueue("test");
  await run.worker("worker-1", queue);
  const waits = [
    run.until("nothing", () => false),
    run.untilQueue("nothing", queue, () => false),
    run.untilWorked(queue, () => false),
  ].map((wait) => assert.rejects(wait, /new-task\.js ended with exit code 2\. .*no-such-option/s));
  run.startProcess("bin/new-task.js", "new-task", ["--no-such-option"]);
  await Promise.all(waits);
});

test("a wait ends when nothing more can come: the queue empty or gone, and the workers idle", async (t) => {
  const run = await open(brokerUrl);
  t.after(() => run.close());
  const { events } = run.begin("");
  const [queue, missing] = [run.newQueue("test"), run.newQueue("missing")];
  await run.worker("worker-1", queue);
  await run.send(queue, ["one.", "two."]);
  await run.untilWorked(queue, () => false);
  assert.equal(events.filter(({ event }) => event === "task-done").length, 2);
  await run.untilWorked(missing, () => false);
});

test("a wait goes on while a worker has a task or the queue has one", async (t) => {
  const [run, untouched, idle] = [
    await open(brokerUrl, { dotMs: 3_600_000 }),
    await open(brokerUrl),
    await open(brokerUrl),
  ];
  for (const one of [run, untouched, idle]) t.after(() => one.close());
  const { events } = run.begin("");
  const queue = run.newQueue("test");
  await run.worker("worker-1", queue);
  await run.send(queue, ["an hour."]);
  await run.until("the worker", () => events.some(({ event }) => event === "task-received"));
  const full = untouched.newQueue("test");
  await untouched.send(full, ["one"]);
  const ended: string[] = [];
  let isDone = false;
  const waits = [
    run.untilWorked(queue, () => isDone).then(() => ended.push("in hand")),
    untouched.untilWorked(full, () => false).then(() => ended.push("ready")),
  ];
  await idle.untilWorked(idle.newQueue("test"), () => false); // begun last, and over first
  assert.deepEqual(ended, []);
  await (await openChannel(t)).purgeQueue(full);
  isDone = true;
  await Promise.all(waits);
});

test("a wait ends though the queue has a task, when its time is over", async (t) => {
  const run = await open(brokerUrl, { patienceMs: 300 });
  t.after(() => run.close());
  const queue = run.newQueue("test");
  const channel = await openChannel(t);
  await channel.assertQueue(queue);
  channel.sendToQueue(queue, Buffer.from("one"));
  await run.untilQueue("the task", queue, ({ ready }) => ready === 1);
  await run.untilWorked(queue, () => false);
});

test("a worker that only connects again and again does not keep a wait going", async () => {
  const waiting = new TimedWaiting(1_000);
  const event = (name: "connected" | "reconnecting" | "task-received") =>
    ({ event: name, at: new Date(), name: "w", task: new Task("1", Buffer.from("a.")) }) as TimelineEvent;
  const again = setInterval(() => {
    for (const name of ["connected", "reconnecting", "task-received"] as const)
      waiting.note(event(name), "w");
  }, 50);
  await assert.rejects(
    waiting.until("a task", () => false),
    /Waited for a task/,
  );
  clearInterval(again);
});

test("what a wait was for is told when its time is over", async (t) => {
  const run = await open(brokerUrl, { patienceMs: 300 });
  t.after(() => run.close());
  const queue = run.newQueue("test");
  const tooLong = /^Error: Waited for a miracle, but nothing happened for 0\.3 s\.$/;
  await assert.rejects(
    run.until("a miracle", () => false),
    tooLong,
  );
  await assert.rejects(run.settled("a miracle", new Promise(() => {})), tooLong);
  const channel = await openChannel(t);
  await channel.assertQueue(queue);
  await assert.rejects(
    run.untilQueue("a miracle", queue, () => false),
    tooLong,
  );
});

test("a look at a queue goes on until it is so, or cannot be any more", async (t) => {
  const run = await open(brokerUrl);
  t.after(() => run.close());
  const queue = run.newQueue("test");
  await run.send(queue, ["one"]);
  let looks = 0;
  await run.untilQueue("three looks", queue, ({ ready }) => ready === 1 && ++looks === 3);
  await assert.rejects(
    run.untilQueue(
      "two tasks",
      queue,
      ({ ready }) => ready === 2,
      () => true,
    ),
    /over before/,
  );
});

test("each queue is deleted whatever becomes of the others, and those that are left are named", async (t) => {
  const run = await open(brokerUrl);
  const channel = await openChannel(t);
  const [held, free] = [run.newQueue("held"), run.newQueue("free")];
  await channel.assertQueue(held, { exclusive: true }); // RESOURCE_LOCKED for any other connection
  await channel.assertQueue(free);
  const left = await run.close();
  assert.deepEqual(
    left.map(({ queue }) => queue),
    [held],
  );
  assert.match(left[0]?.reason ?? "", /is exclusive to another connection/);
  await assert.rejects(channel.checkQueue(free), /NOT_FOUND/);
});

test("a broker that is silent holds up neither the opening, once it is given up, nor the clearing up", async (t) => {
  const url = await silentUrl(t);
  const stop = new AbortController();
  const opening = open(url, { signal: stop.signal });
  stop.abort(new Error("Ctrl-C"));
  await assert.rejects(opening, /Ctrl-C/);

  const queues = new LessonQueues(new BrokerUrl(url));
  const names = [queues.add("one"), queues.add("two")];
  const left = await queues.delete();
  assert.deepEqual(
    left.map(({ queue }) => queue),
    names,
  );
  for (const { reason } of left) assert.match(reason, /did not answer in time/);
});
