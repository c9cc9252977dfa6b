import assert from "node:assert/strict";
import { test } from "node:test";
import { Chalk } from "chalk";
import fc from "fast-check";
import stringWidth from "string-width";
import { wrap } from "#dist/cli/columns.js";
import { statusLines } from "#dist/cli/status-lines.js";
import { BrokerUrl } from "#dist/queue/broker-url.js";
import type { QueueStatus } from "#dist/queue/queue-status.js";

const broker = new BrokerUrl("amqp://joe:hunter2@rabbit.example/v");
const plain = new Chalk({ level: 0 });

const known: QueueStatus = {
  at: new Date(0),
  queue: "task_queue",
  vhost: "v",
  type: "classic",
  ready: 1_204,
  unacknowledged: 3,
  workerCount: 2,
  workers: [
    { name: "kitchen", prefetch: 1, unacknowledged: 1 },
    { name: "漢字", prefetch: 10, unacknowledged: 2 },
  ],
  rates: { publish: 12.04, ack: 0 },
  singleActiveConsumer: false,
  unknownBecause: null,
};

const lines = (status: Partial<QueueStatus> = {}, columns = 100): string[] =>
  statusLines({ ...known, ...status }, broker, columns, plain);

test("a table of numbers, one of workers, aligned with wide characters too", () => {
  assert.deepEqual(lines(), [
    "Queue 'task_queue' (classic) on amqp://joe@rabbit.example:5672/v",
    "",
    "  ready           1,204",
    "  unacknowledged  3",
    "  workers         2",
    "  published       12/s",
    "  acknowledged    0/s",
    "",
    "  worker   prefetch  unacknowledged",
    "  kitchen         1               1",
    "  漢字           10               2",
    "",
    "  Exact: ready, unacknowledged, workers. Up to 10 s old: what each worker holds, rates.",
  ]);
});

test("without workers there is no table of them", () => {
  for (const workers of [[], null]) assert.ok(!lines({ workers }).some((line) => line.includes("prefetch")));
});

const told: [what: string, status: Partial<QueueStatus>, says: RegExp][] = [
  [
    "a quorum queue's unacknowledged is older",
    { type: "quorum" },
    /^ {2}Exact: ready, workers\. Up to 5 s old: unacknowledged\. Up to 10 s old: what/,
  ],
  [
    "C10: a worker without a prefetch limit",
    { workers: [{ name: "w", prefetch: 0, unacknowledged: 9 }] },
    /\[!\] A worker without a prefetch limit/,
  ],
  [
    "C10: a Single Active Consumer",
    { singleActiveConsumer: true },
    /\[!\] The queue has a Single Active Consumer/,
  ],
  [
    "workers that the samples do not have yet",
    { workerCount: 3 },
    /\[!\] Workers come and go: the list is older than their number/,
  ],
  ["a user who may see a part", { unknownBecause: "So it is." }, /\[!\] Not all is known\. So it is\.$/],
  [
    "AMQP alone",
    { unknownBecause: "So it is.", unacknowledged: null, workers: null },
    /\[!\] Over AMQP alone no more than this is known\. So it is\.$/,
  ],
];
for (const [what, status, says] of told)
  test(`it says so: ${what}`, () => {
    assert.ok(
      lines(status, 200).some((line) => says.test(line)),
      lines(status, 200).join("\n"),
    );
    assert.ok(!lines({}, 200).some((line) => says.test(line)), "and only then");
  });

const name = fc.string({
  unit: fc.constantFrom("a", "漢", "\x1b", "\u202e", "👩‍👩‍👧", " ", "é"),
  maxLength: 80,
});
const count = fc.option(fc.nat(), { nil: null });

test("no line is wider than the terminal, and none has a character that acts on it", () => {
  const anyStatus = fc.record({
    queue: name,
    type: fc.option(name, { nil: null }),
    unknownBecause: fc.option(name, { nil: null }),
    unacknowledged: count,
    singleActiveConsumer: fc.boolean(),
    workers: fc.option(fc.array(fc.record({ name, prefetch: count, unacknowledged: count })), { nil: null }),
  });
  fc.assert(
    fc.property(anyStatus, fc.integer({ min: 20, max: 150 }), (status, columns) => {
      for (const line of lines(status, columns)) {
        assert.ok(stringWidth(line) <= columns, `${columns}: ${line}`);
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u);
      }
    }),
  );
});

test("wrap keeps every word in its order, and cuts only those wider than a line", () => {
  assert.deepEqual(wrap("one two three four", 9), ["one two", "three", "four"]);
  assert.deepEqual(wrap("a 漢字漢字 b", 5), ["a", "漢字…", "b"]);
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("x", "漢"), minLength: 1, maxLength: 5 })),
      (words) => {
        assert.equal(wrap(words.join(" "), 10).join(" "), words.join(" "));
      },
    ),
  );
});
