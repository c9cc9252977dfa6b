import assert from "node:assert/strict";
import { test } from "node:test";
import { Chalk } from "chalk";
import fc from "fast-check";
import stringWidth from "string-width";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import type { QueueStatus } from "#dist/engine/manage/queue-status.js";
import { statusLines } from "#dist/report/status-lines.js";
import { fitMiddle, wrap } from "#dist/text/columns.js";

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
  waitingToRetry: 0,
  dead: 0,
};

const lines = (status: Partial<QueueStatus> = {}, columns = 100, rows = Number.POSITIVE_INFINITY): string[] =>
  statusLines({ ...known, ...status }, broker, { columns, rows }, plain);

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

test("a stream's counts are not called exact, and it is no hint that they differ from the list", () => {
  const stream = lines({ type: "stream", workerCount: 0, unacknowledged: null }, 200);
  assert.deepEqual(
    stream.filter((line) => /Exact|Workers come|\[!\]|old:/.test(line)),
    [
      " [!] It is a stream: messages stay in it when acknowledged; RabbitMQ counts them late, and its consumers not at all.",
      "  Up to 10 s old: what each worker holds, rates.",
    ],
  );
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
    /^ {2}… \d workers? too new for RabbitMQ.s list \(made every 5 s\)$/,
  ],
  [
    "workers that have gone since the sample",
    { workerCount: 0 },
    /^ {2}… \d workers? of these gone since RabbitMQ listed them$/,
  ],
  ["a user who may see a part", { unknownBecause: "So it is." }, /\[!\] Not all is known\. So it is\.$/],
  [
    "AMQP alone",
    { unknownBecause: "So it is.", unacknowledged: null, workers: null },
    /\[!\] AMQP alone gives no more than this\. So it is\.$/,
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

test("what is said about the numbers stands above the list of workers", () => {
  const text = lines({ singleActiveConsumer: true }).join("\n");
  assert.match(text, /acknowledged {4}0\/s\n\n \[!\] The queue has.*\n\n {2}worker /s);
});

const crowd = (many: number) => ({
  workerCount: many,
  workers: Array.from({ length: many }, (_, at) => ({ name: `w${at}`, prefetch: 0, unacknowledged: 0 })),
});

test("where there are not rows enough the list of workers is cut, by its end, and says so", () => {
  const all = lines(crowd(9));
  assert.deepEqual(lines(crowd(9), 100, all.length), all, "it just fits");
  const cut = lines(crowd(9), 100, all.length - 1);
  assert.equal(cut.length, all.length - 1);
  const at = cut.indexOf("  … and 2 more workers");
  assert.deepEqual([...cut.slice(0, at), ...cut.slice(at + 1)], [...all.slice(0, at), ...all.slice(at + 2)]);
  assert.ok(lines(crowd(1), 100, 3).includes("  … and 1 more worker"));
});

test("it takes no more rows than there are, from those on that the rest of it takes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 50 }), (many, rows) => {
      const status = crowd(many);
      const least = lines(status, 100, 0).length;
      assert.ok(lines(status, 100, rows).length <= Math.max(rows, least));
      assert.ok(lines(status, 100, rows).at(-1)?.startsWith("  Exact: "));
    }),
  );
});

test("long names of workers are cut in their middle: they differ at the end", () => {
  const workers = [10, 11].map((at) => ({
    name: `worker@${"host".repeat(20)}:${at}`,
    prefetch: 1,
    unacknowledged: 1,
  }));
  const [first, second] = lines({ workers }, 60).filter((line) => line.startsWith("  worker@"));
  assert.match(first ?? "", /^ {2}worker@[host]+…[host]+:10 /);
  assert.match(second ?? "", /:11 /);
});

test("fitMiddle keeps both ends, and to its columns, with wide characters too", () => {
  assert.equal(fitMiddle("abcdefgh", 8), "abcdefgh");
  assert.equal(fitMiddle("abcdefghi", 8), "abc…fghi");
  assert.equal(fitMiddle("漢字かなカナ", 8), "漢…カナ");
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("x", "漢", "👩‍👩‍👧", "é") }),
      fc.integer({ min: 1, max: 20 }),
      (text, columns) => {
        const cut = fitMiddle(text, columns);
        assert.ok(stringWidth(cut) <= columns, cut);
        const [start = "", end = ""] = cut === text ? [text] : cut.split("…");
        assert.ok(text.startsWith(start) && text.endsWith(end), cut);
        // A wide character may leave one column free at either side.
        assert.ok(cut === text || stringWidth(cut) >= columns - 2, cut);
      },
    ),
  );
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
    waitingToRetry: count,
    dead: count,
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
