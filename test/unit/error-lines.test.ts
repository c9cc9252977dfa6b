import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ErrorCode, WorkQueueError } from "#dist/engine/errors.js";
import { errorEvent, errorLines, exitCodeOf } from "#dist/report/error-lines.js";

// A record, so that a code added to the type has to be added here.
const exitCodes: Record<ErrorCode, 1 | 2> = {
  USAGE: 2,
  BAD_URL: 2,
  UNREACHABLE: 1,
  HOST_UNKNOWN: 1,
  CONNECT_TIMEOUT: 1,
  NOT_AMQP: 1,
  TLS: 1,
  ACCESS_REFUSED: 1,
  VHOST_REFUSED: 1,
  QUEUE_MISMATCH: 1,
  QUEUE_REFUSED: 1,
  QUEUE_UNAVAILABLE: 1,
  QUEUE_MISSING: 1,
  QUEUE_KEPT: 1,
  CONSUME_REFUSED: 1,
  PUBLISH_REFUSED: 1,
  UNROUTABLE: 1,
  CONFIRM_TIMEOUT: 1,
  NACKED: 1,
  CONNECTION_LOST: 1,
  INTERRUPTED: 1,
  COMMAND: 1,
  INPUT: 1,
  BROKER_START: 1,
  BROKER_ENDED: 1,
};
const codes = Object.keys(exitCodes) as ErrorCode[];
const anyCode = fc.constantFrom(...codes);
const anyText = fc.string({
  unit: fc.constantFrom("\x1b", "\n", "\r", "\x9b", "\u202e", "\u2028", "a", "漢"),
});

test("wrong words of the user's end in exit code 2, everything else in 1", () => {
  for (const code of codes) assert.equal(exitCodeOf(new WorkQueueError(code, "x")), exitCodes[code], code);
  const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  for (const thrown of [new Error("x"), refused, "text", 2, undefined, null, { code: 2 }])
    assert.equal(exitCodeOf(thrown), 1);
});

test("an error is one line, and what to do in a second one where there is something to do", () => {
  const [first, second, ...more] = errorLines(
    new WorkQueueError("UNREACHABLE", "Nothing listens on h:1."),
    false,
  );
  assert.equal(first, "Error: Nothing listens on h:1.");
  assert.match(second ?? "", /Is RabbitMQ running\? `docker compose up -d --wait`/);
  assert.deepEqual(more, []);
  assert.deepEqual(errorLines(new WorkQueueError("USAGE", "It must not be empty."), false), [
    "Error: It must not be empty.",
  ]);
});

test("anything thrown is named, be it no error at all", () => {
  const reasons = new AggregateError([new Error("on ::1"), new Error("on 127.0.0.1")]);
  const cases: [thrown: unknown, line: string][] = [
    [new TypeError("x is no y"), "Error: x is no y"],
    [new TypeError(), "Error: TypeError"],
    [reasons, "Error: on ::1, on 127.0.0.1"],
    ["text", "Error: text"],
    [undefined, "Error: undefined"],
  ];
  for (const [thrown, line] of cases) assert.deepEqual(errorLines(thrown, false), [line]);
});

test("the log of a private broker follows line by line, escaped", () => {
  const error = new WorkQueueError("BROKER_ENDED", "RabbitMQ ended by itself:\ncrashed\x1b[2J\nat last");
  assert.deepEqual(errorLines(error, false), [
    "Error: RabbitMQ ended by itself:",
    "  crashed\\x1b[2J",
    "  at last",
  ]);
});

test("what to do about a queue that cannot be worked with names the queue, to be copied", () => {
  const about = (queue: string, broker?: string) => {
    const error = new WorkQueueError("QUEUE_MISMATCH", "x", undefined, queue);
    if (broker !== undefined) error.broker = broker;
    return errorLines(error, false)[1] ?? "";
  };
  assert.match(about("hello"), /: task-queue delete -q hello$/);
  assert.match(about("it's; \x1b"), /: task-queue delete -q \$'it\\'s; \\x1b'$/);
  assert.ok(about("q".repeat(255)).endsWith(` -q ${"q".repeat(255)}`));
  assert.match(
    about("hello", "amqp://h:5673/a b"),
    /: task-queue delete --url 'amqp:\/\/h:5673\/a b' -q hello$/,
  );
});

test("as an event an error has its code, its message and what to do", () => {
  const { at, ...refused } = errorEvent(new WorkQueueError("UNREACHABLE", "Nothing listens."), "worker@h:1");
  assert.ok(at instanceof Date);
  assert.match(refused.remedy ?? "", /^Is RabbitMQ running\?/);
  assert.deepEqual(
    { ...refused, remedy: "" },
    { event: "error", name: "worker@h:1", code: "UNREACHABLE", message: "Nothing listens.", remedy: "" },
  );
  const { code, message, remedy } = errorEvent(new TypeError("x is no y"), "n");
  assert.deepEqual([code, message, remedy], [null, "x is no y", null]);
});

/** Those without a log in their message. */
const codeWithoutLog = fc.constantFrom(...codes.filter((code) => !code.startsWith("BROKER_")));

test("without DEBUG an error never takes more than two lines, and no line is longer than a paragraph", () => {
  fc.assert(
    fc.property(codeWithoutLog, fc.string({ maxLength: 2_000 }), (code, message) => {
      for (const error of [new WorkQueueError(code, message, new Error("cause")), new Error(message)]) {
        const lines = errorLines(error, false);
        assert.ok(lines.length >= 1 && lines.length <= 2);
        for (const line of lines) assert.ok(line.length <= 410 && !line.includes("\n"));
      }
    }),
  );
});

test("with DEBUG the stack follows, line by line", () => {
  const error = new WorkQueueError("UNREACHABLE", "x");
  const short = errorLines(error, false);
  const long = errorLines(error, true);
  assert.deepEqual(long.slice(0, short.length), short);
  assert.ok(long.slice(short.length).some((line) => /^ {4}at .*error-lines\.test\.js/.test(line)));
  assert.deepEqual(errorLines("no error", true), ["Error: no error"]);
});

test("what is hostile to a terminal in an error is escaped, in its stack too", () => {
  const [line] = errorLines(new WorkQueueError("INPUT", 'Cannot read "\x1b[2J\r\u202e"'), false);
  assert.equal(line, 'Error: Cannot read "\\x1b[2J\\x0d\\u{202e}"');
  fc.assert(
    fc.property(anyCode, anyText, fc.boolean(), (code, message, debug) => {
      for (const thrown of [new WorkQueueError(code, message), new AggregateError([message]), message])
        for (const line of errorLines(thrown, debug))
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
