import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { DeadLetter } from "#dist/engine/retry/dead-letter.js";
import { sharedBroker } from "../support/broker.js";
import { type Running, run, start } from "../support/command.js";
import { publishAll, workAll } from "../support/engine.js";
import { eventually, eventuallyIs } from "../support/eventually.js";
import { deletedAfterwards, openChannel, uniqueQueue, brokerUrl as url } from "../support/queue.js";
import { listed } from "../support/rabbitmqctl.js";
import { type StatusJson, statusOf } from "../support/status.js";

/** A worker that holds as many tasks as it is sent, and does not end with any of them. */
async function holder(t: TestContext, queue: string, name: string, tasks: number): Promise<Running> {
  const words = ["-u", url, "-q", queue, "--json", "--dot", "1h", "--name", name, "-c", String(tasks)];
  const worker = start(t, "worker", words);
  await worker.recorder.first("consuming");
  return worker;
}

const publish = (t: TestContext, queue: string, tasks: number) =>
  run(t, "new-task", ["-u", url, "-q", queue, "-f", "-"], { stdin: "task.\n".repeat(tasks) });

/** A publisher of a thousand tasks a second or so, until it is stopped. */
function pump(t: TestContext, queue: string, at = url): { stop(): Promise<unknown> } {
  const publisher = start(t, "new-task", ["-u", at, "-q", queue, "-f", "-"]);
  const { stdin } = publisher.child;
  const pumping = setInterval(() => stdin?.write("task.\n".repeat(20)), 20);
  t.after(() => clearInterval(pumping));
  return {
    stop: () => {
      clearInterval(pumping);
      stdin?.end();
      return publisher.ended;
    },
  };
}

const pair = ({ ready, unacknowledged }: StatusJson) => ({ ready, unacknowledged });

/** Asks until the samples have what is expected. */
const whenSampled = (
  ask: () => Promise<StatusJson>,
  is: (status: StatusJson) => boolean,
): Promise<StatusJson> =>
  eventuallyIs("the samples have what is expected", async () => {
    const status = await ask();
    return is(status) ? status : undefined;
  });

test("status agrees with rabbitmqctl list_queues at once, while workers hold tasks", async (t) => {
  const queue = uniqueQueue(t);
  const workers = await Promise.all([holder(t, queue, "kitchen", 1), holder(t, queue, "bar", 3)]);
  await publish(t, queue, 20);
  await Promise.all(workers.map(({ recorder }, at) => recorder.nth("task-received", [1, 3][at] ?? 0)));
  const status = await statusOf(t, url, queue);
  assert.deepEqual(pair(status), { ready: 16, unacknowledged: 4 });
  assert.deepEqual(pair(status), await listed(queue));
  assert.equal(status.workerCount, 2);
});

test("under changing load status lies between what rabbitmqctl says before and after", async (t) => {
  const queue = uniqueQueue(t);
  const held = await holder(t, queue, "holder", 5);
  const publisher = pump(t, queue);
  await held.recorder.nth("task-received", 5);
  const channel = await openChannel(t);
  const grown = async () => (await channel.checkQueue(queue)).messageCount > 2_000;
  await eventually("the queue has thousands of tasks", grown);

  const before = await listed(queue);
  const growing = await statusOf(t, url, queue);
  const after = await listed(queue);
  await publisher.stop();
  assert.ok(before.ready < after.ready, "the queue did grow");
  assert.ok(
    before.ready <= growing.ready && growing.ready <= after.ready,
    JSON.stringify([before, growing, after]),
  );
  assert.deepEqual([before.unacknowledged, growing.unacknowledged, after.unacknowledged], [5, 5, 5]);

  // Two hundred tasks a second, from a queue of thousands.
  const worker = start(t, "worker", ["-u", url, "-q", queue, "--json", "--dot", "50ms", "-c", "10"]);
  await worker.recorder.nth("task-done", 10);
  const more = await listed(queue);
  const shrinking = await statusOf(t, url, queue);
  const less = await listed(queue);
  assert.ok(more.ready > less.ready && less.ready > 0, "the queue did shrink");
  assert.ok(
    more.ready >= shrinking.ready && shrinking.ready >= less.ready,
    JSON.stringify([more, shrinking, less]),
  );
  const { unacknowledged } = shrinking;
  assert.ok(unacknowledged !== null && unacknowledged >= 5 && unacknowledged <= 15, String(unacknowledged));
});

test("of a quorum queue ready is exact, and unacknowledged what rabbitmqctl has", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
  const worker = await holder(t, queue, "holder", 2);
  await publish(t, queue, 7);
  await worker.recorder.nth("task-received", 2);
  const ask = () => statusOf(t, url, queue);
  const first = await ask();
  assert.deepEqual([first.ready, first.workerCount, first.type], [5, 1, "quorum"]);
  const sampled = await whenSampled(ask, ({ unacknowledged }) => unacknowledged === 2);
  assert.deepEqual(pair(sampled), await listed(queue));
});

test("of a stream no count is called exact", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "stream" } });
  const { code, stdout } = await run(t, "task-queue", ["status", "-u", url, "-q", queue]);
  assert.equal(code, 0);
  assert.match(stdout, /^ \[!\] It is a stream: /m);
  assert.doesNotMatch(stdout, /Exact/);
});

test("the status object names each worker with its prefetch and what it holds", async (t) => {
  const queue = uniqueQueue(t);
  const workers = await Promise.all([holder(t, queue, "worker 10", 2), holder(t, queue, "worker 9", 1)]);
  await publish(t, queue, 5);
  await Promise.all(workers.map(({ recorder }, at) => recorder.nth("task-received", [2, 1][at] ?? 0)));
  const known = ({ workers }: StatusJson) => workers?.every((one) => (one.unacknowledged ?? 0) > 0) === true;
  const status = await whenSampled(
    () => statusOf(t, url, queue),
    (one) => one.workers?.length === 2 && known(one),
  );
  assert.match(status.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(
    { ...status, at: "" },
    {
      at: "",
      queue,
      vhost: "/",
      type: "classic",
      ready: 2,
      unacknowledged: 3,
      workerCount: 2,
      workers: [
        { name: "worker 9", prefetch: 1, unacknowledged: 1 },
        { name: "worker 10", prefetch: 2, unacknowledged: 2 },
      ],
      rates: status.rates,
      singleActiveConsumer: false,
      unknownBecause: null,
      waitingToRetry: 0,
      dead: 0,
    },
  );
  assert.deepEqual(
    Object.values(status.rates).map((rate) => typeof rate),
    ["number", "number"],
  );
});

test("status counts tasks that wait for another attempt, and dead letters; text names them only if there are any", async (t) => {
  const queue = uniqueQueue(t, url);
  for (const name of ["retry.1m", "dead"]) deletedAfterwards(t, `${queue}.${name}`, url);
  const target = { queue, urls: [new BrokerUrl(url)] };
  await publishAll(["later", "never", "never"], target);
  assert.doesNotMatch(
    (await run(t, "task-queue", ["status", "-u", url, "-q", queue])).stdout,
    /retried|dead/,
  );
  const { totals } = await workAll({
    ...{ ...target, retry: [60_000], exitWhenEmpty: false, maxTasks: 3 },
    handler: ({ text }) => {
      throw text === "never" ? new DeadLetter("never") : new Error("later");
    },
  });
  assert.deepEqual([totals.failed, totals.dead], [3, 2]);
  const status = await statusOf(t, url, queue);
  assert.deepEqual([status.ready, status.waitingToRetry, status.dead], [0, 1, 2]);
  const { stdout } = await run(t, "task-queue", ["status", "-u", url, "-q", queue]);
  assert.match(stdout, /\n {2}to be retried {3}1\n {2}dead letters {4}2\n/);
  assert.match(stdout, /`task-queue dead` shows the dead letters/);
});

test("rates are those of the management API: above nothing while tasks are published and worked", async (t) => {
  // RabbitMQ computes them from samples 5 s apart; of a broker that samples more often they are 0 most of the time.
  const { url } = await sharedBroker("strict");
  const queue = uniqueQueue(t, url);
  const worker = start(t, "worker", ["-u", url, "-q", queue, "--dot", "0", "--json"]);
  await worker.recorder.first("consuming"); // the queue is there
  const publisher = pump(t, queue, url);
  const { rates } = await whenSampled(
    () => statusOf(t, url, queue),
    (status) => (status.rates.publish ?? 0) > 0 && (status.rates.ack ?? 0) > 0,
  );
  await publisher.stop();
  assert.deepEqual(Object.keys(rates), ["publish", "ack"]);
});

test("a queue that is not there is an error with a remedy, and is not created", async (t) => {
  const queue = uniqueQueue(t);
  for (const words of [[], ["--json"], ["--watch"]]) {
    const { code, stdout, stderr } = await run(t, "task-queue", ["status", "-u", url, "-q", queue, ...words]);
    assert.equal(code, 1);
    if (words[0] !== "--json") assert.equal(stdout, "");
    else assert.match(stdout, /^\{"event":"error",.*"code":"QUEUE_MISSING",.*\}\n$/);
    assert.equal(stderr.split("\n")[0], `Error: There is no queue "${queue}".`);
    assert.match(stderr, /Check --queue/);
  }
  const channel = await openChannel(t);
  await assert.rejects(channel.checkQueue(queue), { code: 404 });
});
