import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Channel } from "amqplib";
import type { QueueType } from "#dist/engine/events.js";
import { run } from "../support/command.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { brokerUrl, hasReady, openChannel, uniqueQueue } from "../support/queue.js";

/** A queue with so many ready tasks; with `held`, a consumer that holds as many more. */
async function filled(
  t: TestContext,
  { ready, held = 0, type = "classic" }: { ready: number; held?: number; type?: QueueType },
): Promise<{ queue: string; channel: Channel }> {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": type } });
  for (let task = 0; task < ready + held; task++) channel.sendToQueue(queue, Buffer.from("task"));
  if (held > 0) {
    await channel.prefetch(held);
    let taken = 0;
    await new Promise<void>((resolve, reject) => {
      const take = () => ++taken === held && resolve();
      channel.consume(queue, take, { consumerTag: "holder" }).catch(reject);
    });
  }
  await hasReady(channel, queue, ready);
  return { queue, channel };
}

const exists = async (t: TestContext, queue: string): Promise<boolean> =>
  (await openChannel(t)).checkQueue(queue).then(
    () => true,
    () => false,
  );

for (const type of ["classic", "quorum"] as const) {
  test(`purge --yes drops the ready tasks of a ${type} queue, says how many, and leaves those in workers' hands`, async (t) => {
    const { queue, channel } = await filled(t, { ready: 3, held: 2, type });
    const { code, stdout, stderr } = await run(t, "task-queue", ["purge", "-q", queue, "--yes"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(
      stdout,
      ` [x] Dropped 3 ready tasks of queue '${queue}'.\n     Unacknowledged tasks stay.\n`,
    );
    await channel.recover(); // requeues what the consumer holds
    await channel.cancel("holder");
    await channel.close();
    const again = await openChannel(t);
    await hasReady(again, queue, 2);
  });

  test(`delete --yes deletes a ${type} queue and says how many tasks went`, async (t) => {
    const { queue } = await filled(t, { ready: 4, type });
    const { code, stdout, stderr } = await run(t, "task-queue", ["delete", "-q", queue, "--yes"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, ` [x] Deleted queue '${queue}'; 4 ready tasks went with it.\n`);
    assert.equal(await exists(t, queue), false);
  });
}

test("delete of a queue with workers says what becomes of what they hold", async (t) => {
  const { queue } = await filled(t, { ready: 1, held: 1 });
  const { code, stdout } = await run(t, "task-queue", ["delete", "-q", queue, "--yes"]);
  assert.equal(code, 0);
  assert.match(stdout, /1 ready task went with it\.\n {5}So did unacknowledged tasks\./);
});

for (const { what, words, ready, held, says } of [
  {
    what: "--if-empty: tasks are ready",
    words: ["--if-empty"],
    ready: 1,
    held: 0,
    says: "it has ready tasks",
  },
  {
    what: "--if-unused: a worker listens",
    words: ["--if-unused"],
    ready: 0,
    held: 1,
    says: "workers listen on it",
  },
  {
    what: "both: tasks are ready",
    words: ["--if-empty", "--if-unused"],
    ready: 1,
    held: 0,
    says: "it has ready tasks",
  },
])
  test(`a queue is kept with ${what}`, async (t) => {
    const { queue } = await filled(t, { ready, held });
    const { code, stdout, stderr } = await run(t, "task-queue", ["delete", "-q", queue, "--yes", ...words]);
    assert.deepEqual([code, stdout], [1, ""]);
    const [first, second, ...more] = stderr.trim().split("\n");
    assert.equal(first, `Error: Queue "${queue}" is not deleted: ${says}.`);
    assert.match(second ?? "", /task-queue status/);
    assert.deepEqual(more, []);
    assert.ok(await exists(t, queue));
  });

for (const limits of [{}, { "x-max-length": 9, "x-dead-letter-exchange": "" }, { "x-max-priority": 3 }])
  test(`an empty queue (${JSON.stringify(limits)}) without workers is deleted with --if-empty --if-unused`, async (t) => {
    const queue = uniqueQueue(t);
    const channel = await openChannel(t);
    await channel.assertQueue(queue, { durable: true, arguments: limits });
    const words = ["delete", "-q", queue, "--yes", "--if-empty", "--if-unused"];
    assert.equal((await run(t, "task-queue", words)).code, 0);
    assert.equal(await exists(t, queue), false);
  });

for (const condition of ["--if-empty", "--if-unused"])
  test(`a quorum queue is kept with ${condition}, which RabbitMQ does not know for it`, async (t) => {
    const { queue } = await filled(t, { ready: 0, type: "quorum" });
    const { code, stdout, stderr } = await run(t, "task-queue", ["delete", "-q", queue, "--yes", condition]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^Error: Queue ".*" is not deleted: RabbitMQ says ".* not supported by quorum queues/,
    );
    assert.ok(await exists(t, queue));
  });

/** Declares a stream with a message in it; its count says so seconds later only. */
async function stream(t: TestContext, limits: object): Promise<string> {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "stream", ...limits } });
  channel.sendToQueue(queue, Buffer.from("message"));
  return queue;
}

test("a stream is not purged: it says so in the broker's words, and what else can be done", async (t) => {
  const queue = await stream(t, {});
  const { code, stdout, stderr } = await run(t, "task-queue", ["purge", "-q", queue, "--yes"]);
  assert.deepEqual([code, stdout], [1, ""]);
  const [first, second] = stderr.split("\n");
  assert.match(
    first ?? "",
    new RegExp(`^Error: Queue "${queue}" is not purged: RabbitMQ says ".*not supported by stream`),
  );
  assert.match(second ?? "", /task-queue delete --url amqp:\/\/localhost:\d+ -q /);
});

// The broker names the first argument that differs, which need not be the type.
for (const limits of [{}, { "x-max-length-bytes": 1_000_000 }, { "x-max-age": "1h" }])
  for (const condition of ["--if-empty", "--if-unused"])
    test(`a stream (${JSON.stringify(limits)}) is kept with ${condition}, which RabbitMQ ignores for it`, async (t) => {
      const queue = await stream(t, limits);
      const { code, stdout, stderr } = await run(t, "task-queue", [
        "delete",
        "-q",
        queue,
        "--yes",
        condition,
      ]);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, new RegExp(`^Error: Queue "${queue}" is not deleted: it is a stream, `));
      assert.ok(await exists(t, queue));
    });

test("a stream is deleted without conditions", async (t) => {
  const queue = await stream(t, {});
  assert.equal((await run(t, "task-queue", ["delete", "-q", queue, "--yes"])).code, 0);
  assert.equal(await exists(t, queue), false);
});

test("purge of a queue without ready tasks asks nothing and says so; delete says so in its question", {
  skip: noPseudoTerminal,
}, async (t) => {
  const { queue } = await filled(t, { ready: 0 });
  const { code, stdout } = await startInTerminal(t, "task-queue", ["purge", "-q", queue], {}, 200).ended;
  assert.deepEqual([code, stdout.trim()], [0, `Queue '${queue}' has no ready task to drop.`]);
  const asking = startInTerminal(t, "task-queue", ["delete", "-q", queue], {}, 200);
  await asking.says(`Delete queue '${queue}'? It has no ready task. 0 workers listen on it. [y/N]`);
  asking.child.stdin?.write("n\r");
  assert.equal((await asking.ended).code, 1);
});

for (const command of ["purge", "delete"]) {
  const question = (queue: string) =>
    command === "purge"
      ? `Drop the 2 ready tasks of queue '${queue}'? 1 worker listens on it. [y/N] `
      : `Delete queue '${queue}' and its 2 ready tasks? 1 worker listens on it. [y/N] `;

  test(`${command} asks on a terminal, and y does it`, { skip: noPseudoTerminal }, async (t) => {
    const { queue } = await filled(t, { ready: 2, held: 1 });
    const asking = startInTerminal(t, "task-queue", [command, "-q", queue], {}, 200);
    await asking.says("[y/N]");
    assert.ok(asking.stdout.includes(question(queue)), asking.stdout);
    asking.child.stdin?.write("y\r");
    const { code, stdout } = await asking.ended;
    assert.equal(code, 0);
    assert.match(stdout, command === "purge" ? /Dropped 2 ready tasks/ : /2 ready tasks went with it/);
  });

  for (const [what, keys] of [
    ["n", "n\r"],
    ["Enter", "\r"],
    ["Ctrl-C", "\x03"],
    ["the end of input", "\x04"],
  ] as const)
    test(`${command} with ${what} does nothing, says so and leaves with 1`, {
      skip: noPseudoTerminal,
    }, async (t) => {
      const { queue, channel } = await filled(t, { ready: 2 });
      const asking = startInTerminal(t, "task-queue", [command, "-q", queue]);
      await asking.says("[y/N]");
      asking.child.stdin?.write(keys);
      const { code, stdout } = await asking.ended;
      assert.equal(code, 1);
      assert.match(stdout, /Nothing was (dropped|deleted)\./);
      assert.equal((await channel.checkQueue(queue)).messageCount, 2);
    });

  test(`${command} without a terminal to ask on is wrong usage, and names --yes`, async (t) => {
    const { queue, channel } = await filled(t, { ready: 2 });
    const { code, stdout, stderr } = await run(t, "task-queue", [command, "-q", queue]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /no terminal to ask on; --yes skips the question/);
    assert.equal((await channel.checkQueue(queue)).messageCount, 2);
  });

  test(`${command} does not ask in CI`, { skip: noPseudoTerminal }, async (t) => {
    const { code, stdout } = await startInTerminal(t, "task-queue", [command, "-q", "any"], { CI: "1" })
      .ended;
    assert.equal(code, 2);
    assert.doesNotMatch(stdout, /y\/N/);
  });

  test(`${command} of a queue that is not there is an error, with --yes and without`, async (t) => {
    const queue = uniqueQueue(t);
    const { code, stderr } = await run(t, "task-queue", [command, "-q", queue, "--yes"]);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^Error: There is no queue "${queue}"\\.\nCheck --queue`));
    if (noPseudoTerminal !== false) return;
    const { stdout } = await startInTerminal(t, "task-queue", [command, "-q", queue]).ended;
    assert.match(stdout, /There is no queue/);
    assert.doesNotMatch(stdout, /y\/N/);
  });

  test(`${command}: a queue's name does not act on the terminal`, { skip: noPseudoTerminal }, async (t) => {
    const queue = "purge\x1b[2J\x07";
    const channel = await openChannel(t);
    await channel.assertQueue(queue, { durable: true });
    t.after(() => channel.deleteQueue(queue).catch(() => {}));
    channel.sendToQueue(queue, Buffer.from("task"));
    await hasReady(channel, queue, 1);
    const asking = startInTerminal(t, "task-queue", [command, "-u", brokerUrl, "-q", queue]);
    await asking.says("[y/N]");
    asking.child.stdin?.write("y\r");
    const { code, stdout } = await asking.ended;
    assert.equal(code, 0);
    assert.ok(!stdout.includes("\x1b[2J") && !stdout.includes("\x07"));
    assert.ok(stdout.includes("'purge\\x1b[2J\\x07'"));
  });
}
