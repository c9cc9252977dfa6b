import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createPublisher,
  type PublishTasksOptions,
  publishTasks,
  type StartWorkerOptions,
  startWorker,
} from "rabbitmq-work-queue";
import { check, publisherRules, workerRules } from "#dist/engine/check.js";

const longest = "é".repeat(127);

/** Values that no type allows, or no type can refuse. */
const wrongForBoth: Record<string, unknown[]> = {
  url: [5, null, [], [null], {}],
  tls: ["ca", 5, null, { ca: 5 }, { cert: "none" }, { key: "none" }],
  queue: ["", 5, null, `${longest}ab`, "a\nb"],
  queueType: ["stream", "Classic", "", true],
  name: ["", 5, `${longest}ab`, "a\r"],
  waitMs: [-1, Number.NaN, "5", null],
  onEvent: [true, "log"],
};

const wrongForWorkers: typeof wrongForBoth = {
  ...wrongForBoth,
  concurrency: [0, -1, 1.5, Number.NaN, 100_000, Number.POSITIVE_INFINITY, "4", null],
  prefetch: [-1, 1.5, Number.NaN, 65_536],
  autoAck: ["false", 0],
  consumerTimeoutMs: [0, -1, 1.5, 2 ** 31],
  maxTasks: [0, -1, 1.5, Number.NaN],
  exitWhenEmpty: ["no", 1],
};

const wrongForPublishers: typeof wrongForBoth = {
  ...wrongForBoth,
  persistent: ["no", 1],
  ttlMs: [-5, 1.5, Number.NaN, 2 ** 32, "5"],
  confirmTimeoutMs: [0, -1, Number.NaN, "5"],
};

/** Nothing listens there, should it come to a connection. */
const url = "amqp://localhost:1";

const each = (wrong: typeof wrongForBoth): [name: string, value: unknown][] =>
  Object.entries(wrong).flatMap(([name, values]) => values.map((value): [string, unknown] => [name, value]));

const usage = (name: string) => ({
  name: "WorkQueueError",
  code: "USAGE",
  message: new RegExp(`^The option ${name} `),
});

test("an option of a worker that is out of its range is an error that names it", () => {
  for (const [name, value] of each(wrongForWorkers))
    assert.throws(
      () => startWorker(() => {}, { url, [name]: value } as StartWorkerOptions),
      usage(name),
      `${name}: ${String(value)}`,
    );
  for (const options of [
    { url, concurrency: 5, prefetch: 2 },
    { url, concurrency: 2, prefetch: 1 },
  ])
    assert.throws(() => startWorker(() => {}, options), usage("prefetch"));
  assert.throws(() => startWorker(() => {}, { url, autoAck: true, maxTasks: 2 }), usage("maxTasks"));
  assert.throws(() => startWorker(5 as unknown as () => void, { url }), {
    code: "USAGE",
    message: /handler/,
  });
});

test("an option of a publisher that is out of its range is an error that names it", async () => {
  for (const [name, value] of each(wrongForPublishers)) {
    const options = { url, [name]: value } as PublishTasksOptions;
    assert.throws(() => createPublisher(options), usage(name), `${name}: ${String(value)}`);
    await assert.rejects(publishTasks([], options), usage(name), `${name}: ${String(value)}`);
  }
  const signal = {} as AbortSignal;
  await assert.rejects(publishTasks([], { url, signal }), usage("signal"));
  for (const tasks of [5, null, undefined, {}])
    await assert.rejects(publishTasks(tasks as unknown as string[], { url }), {
      code: "USAGE",
      message: /^The tasks must be/,
    });
});

test("the ends of every range are in it, undefined is as good as not given, and a time may be endless", () => {
  const both = { queue: longest, name: "a", waitMs: Number.POSITIVE_INFINITY, queueType: undefined };
  const no = { tls: undefined, onEvent: undefined };
  const worker = { autoAck: true, exitWhenEmpty: false };
  check(
    { ...both, ...no, ...worker, concurrency: 1, prefetch: 0, consumerTimeoutMs: 1, maxTasks: 1 },
    workerRules,
  );
  check(
    {
      ...both,
      ...no,
      ...worker,
      concurrency: 65_535,
      prefetch: 65_535,
      consumerTimeoutMs: 2 ** 31 - 1,
      maxTasks: 2 ** 31,
    },
    workerRules,
  );
  const { signal } = new AbortController();
  check({ ...both, ...no, persistent: false, ttlMs: 0, confirmTimeoutMs: 1, signal }, publisherRules);
  const endless = Number.POSITIVE_INFINITY;
  check(
    { ...both, ...no, persistent: true, ttlMs: 2 ** 32 - 1, confirmTimeoutMs: endless, signal: undefined },
    publisherRules,
  );
});

test("the error shows a number, and no text, which may be a secret", () => {
  assert.throws(() => createPublisher({ url, ttlMs: -5 }), {
    message: "The option ttlMs must be a whole number from 0 to 4294967295, not -5.",
  });
  assert.throws(
    () => createPublisher({ url, queue: "secret\n" }),
    (error: Error) => !/secret/.test(error.message),
  );
  const address = { toString: () => "amqp://me:secret@localhost" } as unknown as string;
  assert.throws(
    () => createPublisher({ url: address }),
    (error: Error) => !/secret/.test(error.message),
  );
});
