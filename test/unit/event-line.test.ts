import assert from "node:assert/strict";
import { test } from "node:test";
import { Chalk } from "chalk";
import type { EngineEvent } from "#dist/engine/events.js";
import { Task } from "#dist/engine/task.js";
import { eventLine } from "#dist/report/event-line.js";
import { count, inSeconds } from "#dist/text/numbers.js";

const plain = new Chalk({ level: 0 });
const line = (event: EngineEvent, named?: boolean) => eventLine(event, { out: plain, err: plain }, named);
const task = new Task("1", Buffer.from("First message."));

test("what happens as it should goes to stdout, in the tutorial's words", () => {
  const received = { event: "task-received", task, redelivered: false } as const;
  const declared = {
    event: "queue-declared",
    queue: "q",
    ready: 0,
    workers: 0,
    created: false,
    adopted: true,
  } as const;
  const cases: [event: EngineEvent, text: string][] = [
    [
      { event: "consuming", queue: "q", prefetch: 1, autoAck: false },
      " [*] Waiting for messages. To exit press CTRL+C",
    ],
    [{ event: "task-confirmed", task, line: 3 }, " [x] Sent 'First message.'"],
    [received, " [x] Received 'First message.'"],
    [{ ...received, redelivered: true }, " [x] Received 'First message.' (redelivered)"],
    [
      { ...received, redelivered: true, deliveryCount: 2 },
      " [x] Received 'First message.' (redelivered, delivery 3)",
    ],
    [{ ...received, redelivered: true, deliveryCount: 0 }, " [x] Received 'First message.' (redelivered)"],
    [{ event: "task-done", task, seconds: 1.04 }, " [x] Done (1.0 s)"],
    [{ event: "task-done", task, seconds: 61.26 }, " [x] Done (61.3 s)"],
    [{ ...declared, type: "quorum" }, " [*] Queue 'q' exists already, as a quorum queue; using it as it is."],
    [
      { ...declared, type: null },
      " [*] Queue 'q' exists already, with other properties, or not this user's to declare; using it as it is.",
    ],
  ];
  for (const [event, text] of cases) assert.deepEqual(line(event), { to: "out", text });
});

test("the tutorials' queue is said to be new and of the broker's default type; no other, and not one with a type", () => {
  const created = { event: "queue-declared", ready: 0, workers: 0, created: true, adopted: false } as const;
  assert.deepEqual(line({ ...created, queue: "task_queue", type: null }), {
    to: "out",
    text: " [*] Queue 'task_queue' is new, with the broker's default type. If that is classic, tutorials that declare it as quorum cannot use it: task-queue delete, then --queue-type quorum.",
  });
  assert.equal(line({ ...created, queue: "task_queue", type: "quorum" }), undefined);
  assert.equal(line({ ...created, queue: "task_queue", type: null, created: false }), undefined);
  assert.equal(line({ ...created, queue: "other", type: null }), undefined);
});

test("a worker of several tasks names the one that is done", () => {
  assert.equal(
    line({ event: "task-done", task, seconds: 2 }, true)?.text,
    " [x] Done 'First message.' (2.0 s)",
  );
});

test("warnings go to stderr, with the reason", () => {
  const reason = "because";
  const cases: [event: EngineEvent, text: string][] = [
    [{ event: "connection-lost", reason }, " [!] Connection lost: because"],
    [
      { event: "reconnecting", broker: "amqp://h", attempt: 1, delayMs: 100, starting: false, reason },
      " [!] because Reconnecting in 0.1 s (attempt 1).",
    ],
    [
      { event: "reconnecting", broker: "amqp://h", attempt: 2, delayMs: 2_400, starting: false, reason },
      " [!] because Reconnecting in 2.4 s (attempt 2).",
    ],
    [
      { event: "blocked", reason },
      " [!] The broker accepts no tasks for now: because. Waiting; Ctrl-C stops.",
    ],
    [
      { event: "nacked" },
      " [!] The broker nacks tasks: its queue is full, or has no leader now. Waiting, and sending them again.",
    ],
    [{ event: "unblocked" }, " [!] The broker accepts tasks again."],
    [
      { event: "reconnecting", broker: "amqp://other", attempt: 1, delayMs: 0, starting: false, reason },
      " [!] because Trying amqp://other.",
    ],
    [{ event: "task-unroutable", task, line: 3, reason }, " [!] No queue took 'First message.': because"],
    [
      { event: "task-unconfirmed", task, line: 3, mayBeStored: true, reason },
      " [!] Not confirmed: 'First message.': because",
    ],
    [
      { event: "task-unconfirmed", task, line: 3, mayBeStored: false, reason },
      " [!] Refused: 'First message.': because",
    ],
    [{ event: "task-aborted", task, reason }, " [!] Gave up 'First message.': because"],
    [
      { event: "task-requeued", task, reason },
      " [!] Requeued 'First message.': because; another worker may have it",
    ],
  ];
  for (const [event, text] of cases) assert.deepEqual(line(event), { to: "err", text });
});

test("C9: where only some returns count as failed, the number of the delivery is of all of them", () => {
  const received = {
    event: "task-received",
    task,
    redelivered: true,
    deliveryCount: 1,
    acquiredCount: 4,
  } as const;
  assert.match(line(received)?.text ?? "", /\(redelivered, delivery 5\)$/);
});

test("of several tasks, the one that failed is named with its line", () => {
  const failed = { event: "task-unroutable", task, line: 1_234, reason: "NO_ROUTE" } as const;
  assert.equal(line(failed, true)?.text, " [!] No queue took 'First message.' (line 1,234): NO_ROUTE");
});

test("C7: a channel closed over a task held too long is explained with the setting that says how long", () => {
  const reason = "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out";
  assert.match(line({ event: "connection-lost", reason })?.text ?? "", /consumer_timeout, 30 min/);
  const held = "the broker cancelled the consumer: its node is down, or a task was held too long";
  assert.match(line({ event: "connection-lost", reason: held })?.text ?? "", /consumer_timeout/);
  for (const other of ["reset", 'queue "q" was deleted; it is declared again', held.replace(/,.*/, "")])
    assert.doesNotMatch(line({ event: "connection-lost", reason: other })?.text ?? "", /consumer_timeout/);
});

test("a task is not told to be sent before the broker has confirmed it", () => {
  assert.equal(
    line({ event: "task-sent", task, line: 1, persistent: true, ttlMs: null, again: false }),
    undefined,
  );
});

test("a broker that is starting is waited for, which is told once", () => {
  const event = {
    event: "reconnecting",
    broker: "amqp://h",
    delayMs: 1,
    starting: true,
    reason: "x",
  } as const;
  const { to, text } = line({ ...event, attempt: 1 }) ?? {};
  assert.deepEqual(
    [to, text],
    ["err", " [!] RabbitMQ is starting at amqp://h: waiting for it, 10 s at most."],
  );
  assert.equal(line({ ...event, attempt: 2 }), undefined);
});

test("what is of no interest to a person makes no line", () => {
  const quiet: EngineEvent[] = [
    { event: "connected", broker: "amqp://h", product: "RabbitMQ", version: "4.4.1" },
    { event: "channel-opened", confirms: true },
    { event: "task-progress", task, dotsDone: 1 },
    { event: "queue-declared", queue: "q", type: null, ready: 0, workers: 0, created: false, adopted: false },
  ];
  for (const event of quiet) assert.equal(line(event), undefined, event.event);
});

test("no name, reason or message is printed raw", () => {
  const evil = "\x1b[2J\r\n [x] Done\u202e";
  const hostile = new Task("1", Buffer.from(evil));
  const events: EngineEvent[] = [
    { event: "connection-lost", reason: evil },
    { event: "reconnecting", broker: "amqp://h", attempt: 2, delayMs: 1, starting: false, reason: evil },
    { event: "blocked", reason: evil },
    { event: "queue-declared", queue: evil, type: null, ready: 0, workers: 0, created: false, adopted: true },
    { event: "task-confirmed", task: hostile, line: 1 },
    { event: "task-unroutable", task: hostile, line: 1, reason: evil },
    { event: "task-unconfirmed", task: hostile, line: 1, mayBeStored: true, reason: evil },
    { event: "task-received", task: hostile, redelivered: true },
    { event: "task-done", task: hostile, seconds: 1 },
    { event: "task-aborted", task: hostile, reason: evil },
    { event: "task-requeued", task: hostile, reason: evil },
  ];
  for (const event of events) {
    const text = line(event, true)?.text ?? "";
    assert.match(text, /\\x1b\[2J\\x0d\\x0a/, event.event);
    assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u, event.event);
  }
});

test("numbers are grouped, and their nouns agree with them", () => {
  assert.equal(count(0, "task"), "0 tasks");
  assert.equal(count(1, "task"), "1 task");
  assert.equal(count(12_345, "dot"), "12,345 dots");
  assert.equal(inSeconds(0.04), "0.0 s");
});
