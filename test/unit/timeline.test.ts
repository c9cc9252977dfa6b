import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTimeline } from "#dist/lessons/timeline.js";
import type { EngineEvent, WorkQueueEvent } from "#dist/queue/events.js";
import { Task } from "#dist/queue/task.js";

const task = (text: string): Task => new Task(text, Buffer.from(text));
const say = (name: string, second: number, event: EngineEvent): WorkQueueEvent =>
  Object.assign({ name, at: new Date(1_700_000_000_000 + second * 1_000) }, event);
const received = (name: string, second: number, task: Task, redelivered = false): WorkQueueEvent =>
  say(name, second, { event: "task-received", task, redelivered });
const done = (name: string, second: number, task: Task): WorkQueueEvent =>
  say(name, second, { event: "task-done", task, seconds: 0 });

const [a, b, c] = [task("a."), task("b.."), task("c...")];

test("a timeline has a lane for each worker and a bar for each task, in seconds from the first one", () => {
  const timeline = buildTimeline([
    received("w1", 10, a),
    done("w1", 11, a),
    received("w1", 11, c),
    done("w1", 14, c),
    received("w2", 10.5, b),
    done("w2", 12.5, b),
  ]);
  const bar = { end: "done", redelivered: false };
  assert.deepEqual(timeline, {
    lanes: [
      {
        worker: "w1",
        bars: [
          { task: a, from: 0, to: 1, ...bar },
          { task: c, from: 1, to: 4, ...bar },
        ],
      },
      { worker: "w2", bars: [{ task: b, from: 0.5, to: 2.5, ...bar }] },
    ],
    elapsed: 4,
    worked: 6,
  });
});

test("a task that was not finished is shown as what became of it, and is no work done", () => {
  const { lanes, elapsed, worked } = buildTimeline([
    received("w1", 0, a),
    say("w1", 1, { event: "task-aborted", task: a, reason: "connection lost" }),
    received("w2", 2, a, true),
    say("w2", 4, { event: "task-requeued", task: a, reason: "stopped" }),
    received("w3", 4, a, true),
    received("w1", 5, b),
    done("w1", 6, b),
    received("w4", 9, c),
  ]);
  assert.deepEqual(
    lanes.flatMap(({ worker, bars }) => bars.map((bar) => ({ worker, ...bar }))),
    [
      { worker: "w1", task: a, from: 0, to: 1, end: "aborted", redelivered: false },
      { worker: "w1", task: b, from: 5, to: 6, end: "done", redelivered: false },
      { worker: "w2", task: a, from: 2, to: 4, end: "requeued", redelivered: true },
      { worker: "w3", task: a, from: 4, to: 6, end: "open", redelivered: true },
      { worker: "w4", task: c, from: 9, to: 9, end: "open", redelivered: false },
    ],
  );
  assert.equal(elapsed, 6);
  assert.equal(worked, 1);
});

test("a task that is in two workers' hands for a while has a bar with each", () => {
  const { lanes } = buildTimeline([
    received("w1", 0, a),
    received("w2", 1, a, true),
    say("w1", 2, { event: "task-aborted", task: a, reason: "connection lost" }),
    done("w2", 3, a),
  ]);
  assert.deepEqual(lanes, [
    { worker: "w1", bars: [{ task: a, from: 0, to: 2, end: "aborted", redelivered: false }] },
    { worker: "w2", bars: [{ task: a, from: 1, to: 3, end: "done", redelivered: true }] },
  ]);
});

test("events that are no task in a worker's hands leave no trace, and begin no time", () => {
  const work = [received("w1", 5, a), done("w1", 6, a)];
  const others = [
    say("new-task", 0, { event: "task-sent", task: a, persistent: true, ttlMs: null, again: false }),
    say("new-task", 1, { event: "task-confirmed", task: a }),
    say("w1", 1, { event: "consuming", queue: "q", prefetch: 1, autoAck: false }),
    say("w1", 5.5, { event: "task-progress", task: a, dotsDone: 1 }),
    say("w2", 7, { event: "task-done", task: b, seconds: 1 }),
  ];
  assert.deepEqual(buildTimeline([...others, ...work]), buildTimeline(work));
});

test("no events make a timeline with nothing in it", () => {
  assert.deepEqual(buildTimeline([]), { lanes: [], elapsed: 0, worked: 0 });
});
