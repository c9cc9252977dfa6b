import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineEvent } from "#dist/engine/events.js";
import { Task } from "#dist/engine/task.js";
import { countEnds } from "#dist/timeline/marks.js";
import { type Bar, buildTimeline } from "#dist/timeline/timeline.js";
import type { LessonEvent, TimelineEvent } from "#dist/timeline/timeline-event.js";

const START = 1_700_000_000_000;
const task = (text: string): Task => new Task(text, Buffer.from(text));
const say = (name: string, second: number, event: EngineEvent | LessonEvent): TimelineEvent =>
  Object.assign({ name, at: new Date(START + second * 1_000) }, event) as TimelineEvent;
const received = (name: string, second: number, task: Task, redelivered = false): TimelineEvent =>
  say(name, second, { event: "task-received", task, redelivered });
const done = (name: string, second: number, task: Task): TimelineEvent =>
  say(name, second, { event: "task-done", task, seconds: 0 });
const consuming = (name: string, second: number, autoAck = false): TimelineEvent =>
  say(name, second, { event: "consuming", queue: "q", prefetch: 1, autoAck });
const connected = (name: string, second: number): TimelineEvent =>
  say(name, second, { event: "connected", broker: "b", product: "p", version: "1" });

const [a, b, c] = [task("a."), task("b.."), task("c...")];

/** Every bar as one line: `w1 a. 0-1 received>done`. */
const bars = (events: TimelineEvent[], now?: number): string[] =>
  buildTimeline(events, now === undefined ? undefined : new Date(START + now * 1_000)).lanes.flatMap((lane) =>
    lane.bars.map((bar: Bar) => `${lane.name} ${bar.label} ${bar.from}-${bar.to} ${bar.begin}>${bar.end}`),
  );

test("a timeline has a lane for each worker and a bar for each task, in seconds from the first one", () => {
  const timeline = buildTimeline([
    received("w1", 10, a),
    done("w1", 11, a),
    received("w1", 11, c),
    done("w1", 14, c),
    received("w2", 10.5, b),
    done("w2", 12.5, b),
  ]);
  const bar = { begin: "received", end: "done" };
  assert.deepEqual(timeline, {
    lanes: [
      {
        name: "w1",
        kind: "worker",
        bars: [
          { label: "a.", from: 0, to: 1, ...bar },
          { label: "c...", from: 1, to: 4, ...bar },
        ],
      },
      { name: "w2", kind: "worker", bars: [{ label: "b..", from: 0.5, to: 2.5, ...bar }] },
    ],
    elapsed: 4,
    worked: 6,
  });
});

test("a task that was not finished is shown as what became of it, and is no work done", () => {
  const events = [
    received("w1", 0, a),
    say("w1", 1, { event: "task-aborted", task: a, reason: "connection lost" }),
    received("w2", 2, a, true),
    say("w2", 4, { event: "task-requeued", task: a, reason: "stopped" }),
    received("w1", 5, b),
    done("w1", 6, b),
    received("w4", 9, c),
  ];
  assert.deepEqual(bars(events), [
    "w1 a. 0-1 received>aborted",
    "w1 b.. 5-6 received>done",
    "w2 a. 2-4 redelivered>requeued",
    "w4 c... 9-9 received>open",
  ]);
  assert.equal(buildTimeline(events).elapsed, 9);
  assert.equal(buildTimeline(events).worked, 1);
});

test("each attempt of a task is a bar, and the time between two is one of its own kind; the last is dead", () => {
  const failed = (name: string, second: number, attempt: number, retryInMs: number | null): TimelineEvent =>
    say(name, second, { event: "task-failed", task: a, attempt, reason: "no", retryInMs });
  const events = [
    ...[received("w1", 0, a), failed("w1", 1, 1, 1_000)],
    ...[received("w1", 1, b), done("w1", 3, b)],
    ...[received("w2", 2, a), failed("w2", 3, 2, null)],
    say("w2", 3.001, { event: "task-dead", task: a, reason: "no" }),
    say("w2", 4, { event: "task-dead", task: c, reason: "came back too often" }),
  ];
  assert.deepEqual(bars(events), [
    "w1 a. 0-1 received>failed",
    "w1  1-2 between>between",
    "w1 b.. 1-3 received>done",
    "w2 a. 2-3 received>dead",
    "w2 c... 4-4 received>dead",
  ]);
  assert.deepEqual(
    buildTimeline(events).lanes.map((lane) => countEnds(lane.bars)),
    ["1 failed, 1 done", "2 dead"],
  );
  const waits = [received("w1", 0, a), failed("w1", 1, 1, 9_000), connected("w1", 2)];
  assert.deepEqual(bars(waits, 3), ["w1 a. 0-1 received>failed", "w1  1-3 between>between"]);
});

test("a worker that is killed ends its bars there and then: killed, or with auto-ack lost", () => {
  const killed = [received("w1", 0, a), say("w1", 1, { event: "worker-killed" }), done("w2", 2, b)];
  assert.deepEqual(bars(killed), ["w1 a. 0-1 received>killed"]);
  assert.deepEqual(bars([consuming("w1", -1, true), ...killed]), ["w1 a. 0-1 received>lost"]);
});

test("in a log alone, a worker is taken for killed when its task or its name is another process's", () => {
  const first = [received("w1", 0, a), say("w1", 0.5, { event: "task-progress", task: a, dotsDone: 1 })];
  const elsewhere = [received("w2", 2, a, true), done("w2", 3, a)];
  assert.deepEqual(bars([...first, ...elsewhere]), [
    "w1 a. 0-2 received>killed",
    "w2 a. 2-3 redelivered>done",
  ]);
  const again = [connected("w1", 4), consuming("w1", 4), received("w1", 5, a, true), done("w1", 6, a)];
  assert.deepEqual(bars([...first, ...again]), ["w1 a. 0-4 received>killed", "w1 a. 5-6 redelivered>done"]);
  assert.deepEqual(bars([...first, consuming("w1", 4), received("w1", 5, b)]).slice(0, 1), [
    "w1 a. 0-4 received>killed",
  ]);
  assert.deepEqual(bars([...first, received("w1", 5, a, true), done("w1", 6, a)]), [
    "w1 a. 0-5 received>killed",
    "w1 a. 5-6 redelivered>done",
  ]);
});

test("a worker that goes on is not taken for killed", () => {
  const both = [
    received("w1", 0, a),
    received("w2", 1, a, true),
    say("w1", 2, { event: "task-aborted", task: a, reason: "connection lost" }),
    done("w2", 3, a),
  ];
  assert.deepEqual(bars(both), ["w1 a. 0-2 received>aborted", "w2 a. 1-3 redelivered>done"]);
  // With auto-ack the work goes on while the connection is away.
  const reconnected = [
    connected("w1", 0),
    consuming("w1", 0, true),
    received("w1", 1, a),
    say("w1", 2, { event: "connection-lost", reason: "r" }),
    connected("w1", 3),
    consuming("w1", 3, true),
  ];
  assert.deepEqual(bars([...reconnected, done("w1", 4, a)]), ["w1 a. 0-3 received>done"]);
  assert.deepEqual(bars([...reconnected, received("w2", 3, b)]), [
    "w1 a. 0-2 received>open",
    "w2 b.. 2-2 received>open",
  ]);
  // Ids of tasks that have none are numbers of deliveries: another worker's is another task.
  const [one, two] = [new Task("delivery-1", a.body), new Task("delivery-1", b.body)];
  const numbered = [received("w1", 0, one), received("w2", 1, two, true), done("w1", 2, one)];
  assert.deepEqual(bars(numbered).slice(0, 1), ["w1 a. 0-2 received>done"]);
  // What is heard of a task in spite of all shows that its worker lives.
  const alive = say("w1", 2, { event: "task-progress", task: a, dotsDone: 1 });
  assert.equal(bars([received("w1", 0, a), received("w2", 1, a, true), alive])[0], "w1 a. 0-2 received>open");
});

test("the broker's time away has a lane of its own, on top; what it lost waited from its confirm to the crash", () => {
  const events = [
    say("new-task", -0.5, { event: "task-confirmed", line: 1, task: b }),
    received("a-worker", 0, a),
    say("new-task", 0.5, { event: "task-confirmed", line: 2, task: c }),
    say("broker", 1, { event: "broker-killed" }),
    say("broker", 3, { event: "broker-back" }),
    say("broker", 1, { event: "task-lost", task: b }),
    say("broker", 1, { event: "task-lost", task: c }),
    received("a-worker", 4, a, true),
    done("a-worker", 5, a),
  ];
  assert.deepEqual(bars(events).slice(0, 3), [
    "broker down 1-3 down>back",
    "broker b.. 0-1 waiting>lost",
    "broker c... 0.5-1 waiting>lost",
  ]);
});

test("a lost task has one bar, which ends where it was lost: the one it was in hand with, else one of its own", () => {
  const events = [
    ...[a, b, c].map((task) => say("new-task", 0, { event: "task-confirmed", line: 1, task })),
    consuming("w1", 0, true),
    received("w1", 0, a),
    say("w1", 1, { event: "worker-killed" }),
    say("w1", 1, { event: "task-lost", task: a }),
    say("w1", 1, { event: "task-lost", task: b }),
    received("w2", 0, c),
    done("w2", 3, c),
  ];
  assert.deepEqual(bars(events).slice(0, 2), ["w1 a. 0-1 received>lost", "w1 b.. 0-1 waiting>lost"]);
});

test("a sender's batches are bars with what is said of them", () => {
  const events = [
    say("s", 0, { event: "batch-begun" }),
    say("s", 2, { event: "batch-ended", label: "2 sent", tasks: 2, whole: false }),
    say("s", 3, { event: "batch-begun" }),
    say("s", 4, { event: "batch-ended", label: "3 sent", tasks: 3, whole: true }),
  ];
  assert.deepEqual(bars(events), ["s 2 sent 0-2 sending>aborted", "s 3 sent 3-4 sending>done"]);
});

test("while it goes on, open bars reach up to now", () => {
  assert.deepEqual(bars([received("w1", 0, a)], 7), ["w1 a. 0-7 received>open"]);
  assert.equal(buildTimeline([], new Date()).elapsed, 0);
});

test("lanes are in the order of their names, numbers as numbers", () => {
  const events = ["w10", "w9", "w1"].map((name, at) => received(name, at, task(name)));
  assert.deepEqual(
    buildTimeline(events).lanes.map(({ name }) => name),
    ["w1", "w9", "w10"],
  );
});

test("events that are no task in a worker's hands leave no trace, and begin no time", () => {
  const work = [received("w1", 5, a), done("w1", 6, a)];
  const others = [
    say("new-task", 0, { event: "task-sent", task: a, line: 1, persistent: true, ttlMs: null, again: false }),
    say("new-task", 1, { event: "task-confirmed", line: 1, task: a }),
    consuming("w1", 1),
    say("w1", 5.5, { event: "task-progress", task: a, dotsDone: 1 }),
    say("w2", 7, { event: "task-done", task: b, seconds: 1 }),
  ];
  assert.deepEqual(buildTimeline([...others, ...work]), buildTimeline(work));
});

test("no events make a timeline with nothing in it", () => {
  assert.deepEqual(buildTimeline([]), { lanes: [], elapsed: 0, worked: 0 });
});
