import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Handler,
  publishTasks,
  startWorker,
  WorkQueueError,
  type WorkQueueEvent,
} from "rabbitmq-work-queue";
import { sharedBroker } from "../support/broker.js";
import { Running } from "../support/command.js";
import { brokerUrl, hasReady, openChannel, uniqueQueue } from "../support/queue.js";

test("the library publishes tasks and works them with a handler of one's own", async (t) => {
  const queue = uniqueQueue(t);
  const totals = await publishTasks(["one.", Buffer.from("two..")], { url: brokerUrl, queue });
  assert.deepEqual([totals.confirmed, totals.dots], [2, 3]);
  const seen: (string | undefined)[] = [];
  const events: WorkQueueEvent["event"][] = [];
  const worker = startWorker(
    (task) => {
      seen.push(task.text);
    },
    { url: brokerUrl, queue, exitWhenEmpty: true, onEvent: ({ event }) => events.push(event) },
  );
  assert.equal((await worker.finished).done, 2);
  assert.deepEqual(seen, ["one.", "two.."]);
  assert.equal(events.at(-1), "stopped");
});

test("a single string is one task, not one per letter", async (t) => {
  const totals = await publishTasks("First message.", { url: brokerUrl, queue: uniqueQueue(t) });
  assert.equal(totals.confirmed, 1);
});

test("publishing is stopped at once by its signal, although the next task never comes", async (t) => {
  const stop = new AbortController();
  async function* tasks() {
    yield "one";
    await new Promise(() => {});
  }
  const publishing = publishTasks(tasks(), {
    url: brokerUrl,
    queue: uniqueQueue(t),
    signal: stop.signal,
    onEvent: ({ event }) => {
      if (event === "task-confirmed") stop.abort();
    },
  });
  await assert.rejects(publishing, { code: "INTERRUPTED", message: /1 task is confirmed/ });
});

test("a worker of the library is stopped by its owner", async (t) => {
  const worker = startWorker(() => {}, { url: brokerUrl, queue: uniqueQueue(t) });
  worker.stop();
  assert.equal((await worker.finished).done, 0);
});

test("bytes of any kind are tasks; what is neither text nor bytes is an error that says which task", async (t) => {
  const queue = uniqueQueue(t);
  const options = { url: brokerUrl, queue };
  assert.equal((await publishTasks([new Uint8Array([1, 2]), "two"], options)).confirmed, 2);
  assert.equal((await publishTasks(new Uint8Array([1, 2]), options)).confirmed, 1);
  const wrong = ["one", undefined] as unknown as string[];
  await assert.rejects(publishTasks(wrong, options), { code: "INPUT", message: /Task 2 is neither/ });
});

test("a confirm timeout beyond any timer is no timeout of a millisecond", async (t) => {
  const options = { url: brokerUrl, queue: uniqueQueue(t), confirmTimeoutMs: Number.POSITIVE_INFINITY };
  assert.equal((await publishTasks(["one"], options)).confirmed, 1);
});

test("N10: what a listener throws is an uncaught exception with its own stack, not a lost connection", async (t) => {
  const library = fileURLToPath(import.meta.resolve("rabbitmq-work-queue"));
  const program = `
    import { startWorker } from ${JSON.stringify(library)};
    startWorker(() => {}, {
      url: ${JSON.stringify(brokerUrl)},
      queue: ${JSON.stringify(uniqueQueue(t))},
      onEvent: ({ event }) => {
        console.log(event);
        if (event === "consuming") throw new Error("of the listener's own");
      },
    });`;
  const { code, stdout, stderr } = await new Running(t, process.execPath, [
    "--input-type=module",
    "-e",
    program,
  ]).ended;
  assert.equal(code, 1);
  assert.match(stderr, /Error: of the listener's own/);
  assert.doesNotMatch(stdout, /connection-lost/);
});

test("headers of tasks reach the handler, whatever is published again", async (t) => {
  const queue = uniqueQueue(t);
  await publishTasks(["one", "two"], { url: brokerUrl, queue, headers: { colour: "red", size: 3 } });
  const seen: unknown[] = [];
  const handler: Handler = (_task, { headers }) => void seen.push(headers);
  await startWorker(handler, { url: brokerUrl, queue, exitWhenEmpty: true }).finished;
  assert.deepEqual(seen, [
    { colour: "red", size: 3 },
    { colour: "red", size: 3 },
  ]);
});

test("what the broker refuses makes publishTasks reject with the totals, unless it is asked not to", async (t) => {
  const { url } = await sharedBroker("limited");
  const options = { url, queue: uniqueQueue(t, url) };
  const tasks = ["small", "x".repeat(2_000)];
  await assert.rejects(publishTasks(tasks, options), (error: unknown) => {
    assert.ok(error instanceof WorkQueueError);
    assert.deepEqual([error.code, error.totals?.confirmed, error.totals?.refused], ["PUBLISH_REFUSED", 1, 1]);
    return /the broker refused 1; 1 confirmed/.test(error.message);
  });
  const totals = await publishTasks(tasks, { ...options, allowUnstored: true });
  assert.deepEqual([totals.confirmed, totals.refused], [1, 1]);
});

test("a task that no queue took makes publishTasks reject as unroutable", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  async function* tasks() {
    yield "to the queue";
    await hasReady(channel, queue, 1);
    await channel.deleteQueue(queue);
    yield "to no queue";
  }
  await assert.rejects(publishTasks(tasks(), { url: brokerUrl, queue }), {
    code: "UNROUTABLE",
    message: /no queue took 1; 1 confirmed/,
  });
});

test("its errors have a code", async () => {
  await assert.rejects(publishTasks(["one"], { url: "amqp://localhost:1" }), (error: unknown) => {
    assert.ok(error instanceof WorkQueueError);
    return error.code === "UNREACHABLE" && !error.endsFirstConnection;
  });
  const worker = startWorker(() => {}, { url: "amqp://localhost:1" });
  await assert.rejects(worker.finished, { code: "UNREACHABLE" });
  await assert.rejects(async () => publishTasks([], { url: "localhost" }), { code: "BAD_URL" });
});
