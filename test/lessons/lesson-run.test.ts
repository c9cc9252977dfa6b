import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { LessonQueues } from "#dist/lessons/harness/lesson-queues.js";
import { LessonRun } from "#dist/lessons/harness/lesson-run.js";
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

const open = (url: string, signal = new AbortController().signal): Promise<LessonRun> =>
  LessonRun.open({ url, dotMs: 10, signal, observer: { onPart: () => {}, onEvent: () => {} } });

test("a process that dies early ends all that the lesson waits for, with what it said", async (t) => {
  const run = await open(brokerUrl);
  t.after(() => run.close());
  const queue = run.newQueue("test");
  await run.worker("worker-1", queue);
  const never = run.until(() => false);
  const neverEither = run.untilQueue(queue, () => false);
  run.startProcess("bin/new-task.js", "new-task", ["--no-such-option"]);
  await assert.rejects(never, /new-task\.js ended with exit code 2\. .*no-such-option/s);
  await assert.rejects(neverEither, /ended with exit code 2/);
});

test("a look at a queue goes on until it is so, or cannot be any more", async (t) => {
  const run = await open(brokerUrl);
  t.after(() => run.close());
  const queue = run.newQueue("test");
  await run.send(queue, ["one"]);
  let looks = 0;
  await run.untilQueue(queue, ({ ready }) => ready === 1 && ++looks === 3);
  await assert.rejects(
    run.untilQueue(
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
  const opening = open(url, stop.signal);
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
