import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { publishTasks, startWorker, WorkQueueError } from "rabbitmq-work-queue";
import { Running } from "../support/command.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

/** Runs a program with a worker that cannot connect, made before. */
function withLostWorker(t: TestContext, program: string) {
  const start = `
    import { once } from "node:events";
    import { startWorker } from ${JSON.stringify(import.meta.resolve("rabbitmq-work-queue"))};
    let stopped;
    const ended = new Promise((resolve) => { stopped = resolve; });
    const worker = startWorker(() => {}, {
      url: "amqp://localhost:1",
      name: "kitchen\\u001b[31m",
      onEvent: ({ event }) => event === "stopped" && setImmediate(() => setImmediate(stopped)),
    });`;
  return new Running(t, process.execPath, ["--input-type=module", "-e", `${start}\n${program}`]).ended;
}

test("a worker that cannot go on ends no process that has yet to look at it: its error waits", async (t) => {
  const { code, stdout, stderr } = await withLostWorker(
    t,
    `const [warning] = await once(process, "warning");
    console.log(warning.name, warning.code);
    await worker.finished.catch((error) => console.log(error.code));`,
  );
  assert.deepEqual([code, stdout], [0, "WorkQueueWarning UNREACHABLE\nUNREACHABLE\n"]);
  assert.match(
    stderr,
    /WorkQueueWarning: Worker kitchen\\x1b\[31m has ended: Nothing listens on localhost:1/,
  );
});

test("a worker whose promise was read before has no warning besides its error", async (t) => {
  const { code, stdout, stderr } = await withLostWorker(
    t,
    `const { finished } = worker;
    await ended;
    await finished.catch((error) => console.log(error.code));`,
  );
  assert.deepEqual([code, stdout, stderr], [0, "UNREACHABLE\n", ""]);
});

test("a worker that was stopped warns of nothing", async (t) => {
  const warnings: Error[] = [];
  const listener = (warning: Error) => warnings.push(warning);
  process.on("warning", listener);
  t.after(() => process.off("warning", listener));
  await new Promise<void>((resolve) => {
    const worker = startWorker(() => {}, {
      url: brokerUrl,
      queue: uniqueQueue(t),
      onEvent: ({ event }) => {
        if (event === "consuming") worker.stop();
        if (event === "stopped") setImmediate(resolve);
      },
    });
  });
  assert.deepEqual(warnings, []);
});

/** The error of what was published in vain. */
async function errorOf(publishing: Promise<unknown>): Promise<WorkQueueError> {
  const error = await publishing.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof WorkQueueError, String(error));
  return error;
}

test("publishTasks that is aborted rejects with its totals, those published being confirmed", async (t) => {
  const stop = new AbortController();
  async function* tasks() {
    yield "one.";
    yield "two";
    stop.abort();
    await new Promise(() => {});
  }
  const { code, totals } = await errorOf(
    publishTasks(tasks(), { url: brokerUrl, queue: uniqueQueue(t), signal: stop.signal }),
  );
  assert.equal(code, "INTERRUPTED");
  assert.ok(totals !== undefined);
  const { confirmed, dots, unconfirmed, complete, upToLine, doubtfulLines } = totals;
  assert.deepEqual(
    { confirmed, dots, unconfirmed, complete, upToLine, doubtfulLines },
    { confirmed: 2, dots: 1, unconfirmed: 0, complete: false, upToLine: 2, doubtfulLines: null },
  );
});

test("publishTasks that is aborted when nothing is left to read resolves", async (t) => {
  for (const event of ["task-sent", "task-confirmed"]) {
    const stop = new AbortController();
    const { confirmed, complete } = await publishTasks(["one", "two"], {
      url: brokerUrl,
      queue: uniqueQueue(t),
      signal: stop.signal,
      onEvent: (told) => told.event === event && "line" in told && told.line === 2 && stop.abort(),
    });
    assert.deepEqual({ event, confirmed, complete }, { event, confirmed: 2, complete: true });
  }
});

test("publishTasks that is aborted before it begins sends nothing, and says so", async (t) => {
  const options = { url: brokerUrl, queue: uniqueQueue(t), signal: AbortSignal.abort() };
  const { code, totals } = await errorOf(publishTasks(["one"], options));
  assert.deepEqual([code, totals?.confirmed, totals?.upToLine], ["INTERRUPTED", 0, null]);
});

test("publishTasks that gives up has its totals too: which lines are in doubt", async (t) => {
  const network = await TcpProxy.start(t, Number(new URL(brokerUrl).port));
  async function* tasks() {
    yield "one";
    await confirmed;
    network.silence();
    yield "two";
  }
  let isConfirmed = () => {};
  const confirmed = new Promise<void>((resolve) => {
    isConfirmed = resolve;
  });
  const { code, totals } = await errorOf(
    publishTasks(tasks(), {
      url: `amqp://127.0.0.1:${network.port}`,
      queue: uniqueQueue(t),
      confirmTimeoutMs: 300,
      onEvent: ({ event }) => event === "task-confirmed" && isConfirmed(),
    }),
  );
  assert.deepEqual(
    [code, totals?.confirmed, totals?.unconfirmed, totals?.upToLine, totals?.doubtfulLines],
    ["CONFIRM_TIMEOUT", 1, 1, 1, { from: 2, to: 2 }],
  );
});
