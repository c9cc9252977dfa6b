import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { GetMessage } from "amqplib";
import { isAtLeast } from "../support/broker.js";
import { assertClean } from "../support/clean.js";
import { run } from "../support/command.js";
import { openChannel, uniqueQueue } from "../support/queue.js";

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

for (const { times, at } of [
  { times: 2, at: "the 21st" },
  { times: LIMIT, at: "the next" },
])
  test(`delivery ${times + 1} of a task on a quorum queue: the worker says what will become of it`, async (t) => {
    const { queue } = await cameBack(t, times);
    const become = (await isAtLeast(4, 0))
      ? `, and drops or dead-letters it at ${at}, unless the queue or a policy sets another limit.`
      : "; before 4.0 it has no limit of its own, only one the queue or a policy sets.";
    assert.deepEqual(await work(t, queue), {
      received: ` (redelivered, delivery ${times + 1})`,
      stderr: ` [!] RabbitMQ counts ${times} returns of 'poison\\x1b[2J'${become}\n`,
    });
  });

test("a limit of 20 bears 20 returns: the 21st delivery is the last one", async (t) => {
  const { queue, channel, take } = await cameBack(t, LIMIT);
  const last = await take();
  assert.equal(last.properties.headers?.["x-delivery-count"], LIMIT);
  channel.sendToQueue(queue, Buffer.from("next"));
  channel.reject(last, true);
  assert.equal((await take()).content.toString(), "next");
});
