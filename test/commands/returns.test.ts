import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { GetMessage } from "amqplib";
import { assertClean } from "../support/clean.js";
import { run } from "../support/command.js";
import { deletedAfterwards, openChannel, uniqueQueue } from "../support/queue.js";

/** RabbitMQ's default delivery limit since 4.0; here the queue's own, so that 3.13 does as 4 does. */
const LIMIT = 20;

/** A quorum queue whose one task came back so many times. */
async function cameBack(t: TestContext, times: number) {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { "x-queue-type": "quorum", "x-delivery-limit": LIMIT },
  });
  channel.sendToQueue(queue, Buffer.from("poison\x1b[2J"));
  /** A quorum queue needs a moment to have it (again). */
  const take = async (): Promise<GetMessage> => {
    for (;;) {
      const message = await channel.get(queue);
      if (message !== false) return message;
    }
  };
  // basic.reject: since RabbitMQ 4.3 basic.nack does not count.
  for (let time = 0; time < times; time++) channel.reject(await take(), true);
  return { queue, channel, take };
}

/** What a worker says that takes the one task of the queue. */
async function work(t: TestContext, queue: string) {
  const { code, stdout, stderr } = await run(t, "worker", ["-q", queue, "--dot", "0", "--max-tasks", "1"]);
  assert.equal(code, 0);
  assertClean(stdout + stderr);
  const [, received] = / \[x\] Received 'poison\\x1b\[2J'(.*)\n/.exec(stdout) ?? [];
  return { received, stderr };
}

for (const { times, received } of [
  { times: 0, received: "" },
  { times: 1, received: " (redelivered, delivery 2)" },
])
  test(`delivery ${times + 1} of a task on a quorum queue is nothing to warn of`, async (t) => {
    const { queue } = await cameBack(t, times);
    assert.deepEqual(await work(t, queue), { received, stderr: "" });
  });

for (const times of [2, 18])
  test(`delivery ${times + 1} of a task on a quorum queue: the worker says what will become of it`, async (t) => {
    const { queue } = await cameBack(t, times);
    assert.deepEqual(await work(t, queue), {
      received: ` (redelivered, delivery ${times + 1})`,
      stderr: ` [!] The broker counts ${times} returns of 'poison\\x1b[2J'; at the 19th a worker makes it a dead letter instead of beginning it.\n`,
    });
  });

test("the 21st delivery, after which the broker would drop it, is a dead letter and not begun", async (t) => {
  const { queue } = await cameBack(t, LIMIT);
  deletedAfterwards(t, `${queue}.dead`);
  const { code, stdout, stderr } = await run(t, "worker", ["-q", queue, "--max-tasks", "1"]);
  assert.equal(code, 1);
  assert.doesNotMatch(stdout, /Received/);
  assert.match(stderr, /^ \[!\] Dead letter 'poison\\x1b\[2J': It came back 20 times without an answer/);
  assert.equal((await (await openChannel(t)).checkQueue(`${queue}.dead`)).messageCount, 1);
});

test("a limit of 20 bears 20 returns: the 21st delivery is the last one", async (t) => {
  const { queue, channel, take } = await cameBack(t, LIMIT);
  const last = await take();
  assert.equal(last.properties.headers?.["x-delivery-count"], LIMIT);
  channel.sendToQueue(queue, Buffer.from("next"));
  channel.reject(last, true);
  assert.equal((await take()).content.toString(), "next");
});
