import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { isAtLeast, noCluster } from "../support/broker.js";
import { run, start } from "../support/command.js";
import { eventually } from "../support/eventually.js";
import { ownTemporary } from "../support/own-temporary.js";
import { openChannel } from "../support/queue.js";

/** Whether nothing listens there any more. */
const isClosed = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("connect", () => resolve(socket.destroy() === undefined));
    socket.once("error", () => resolve(true));
  });

test("a broker whose owner is killed with -9 goes too, with its data", async (t) => {
  const temporary = ownTemporary(t);
  const broker = start(t, "task-queue", ["broker"], temporary);
  await broker.says("Ctrl-C stops it");
  const url = /AMQP URL\s+(\S+)/.exec(broker.stdout)?.[1] ?? "";
  assert.equal(temporary.left().length, 1);
  broker.child.kill("SIGKILL");
  await eventually(
    "the broker and its folder are gone",
    async () => temporary.left().length === 0 && isClosed(url),
  );
});

test("a queue declared without a type is a quorum queue there, so that old and new tutorials find the same; before RabbitMQ 4.0 a classic one", async (t) => {
  const temporary = ownTemporary(t);
  const broker = start(t, "task-queue", ["broker"], temporary);
  await broker.says("Ctrl-C stops it");
  const url = /AMQP URL\s+(\S+)/.exec(broker.stdout)?.[1] ?? "";
  const { code, stderr } = await run(t, "new-task", ["--url", url, "one"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const type = (await isAtLeast(4, 0)) ? "quorum" : "classic";
  const channel = await openChannel(t, url);
  await channel.assertQueue("task_queue", { durable: true });
  const declared = { durable: true, arguments: { "x-queue-type": type } };
  assert.equal((await channel.assertQueue("task_queue", declared)).messageCount, 1);
  broker.child.kill("SIGTERM");
  assert.equal((await broker.ended).code, 0);
  assert.deepEqual(temporary.left(), []);
});

test("with --data the queues and tasks are there again at the next start", async (t) => {
  const temporary = ownTemporary(t);
  const data = join(temporary.outside, "kept");
  const queue = "kept";
  for (const round of [1, 2]) {
    const broker = start(t, "task-queue", ["broker", "--data", data], temporary);
    await broker.says("Ctrl-C stops it. Its data stays in");
    const url = /AMQP URL\s+(\S+)/.exec(broker.stdout)?.[1] ?? "";
    // The last thing before the stop: what Mnesia has not yet on disk is there nevertheless.
    if (round === 1) assert.equal((await run(t, "new-task", ["-u", url, "-q", queue, "one"])).code, 0);
    else {
      const worker = await run(t, "worker", ["-u", url, "-q", queue, "--max-tasks", "1"]);
      assert.match(worker.stdout, /Received 'one'/);
    }
    broker.child.kill("SIGINT");
    await broker.says("Stopping");
    broker.child.kill("SIGINT"); // as npm does, and who is in a hurry
    const { code, stdout } = await broker.ended;
    assert.equal(code, 0);
    assert.match(stdout, /Stopped\. Its data is in .*kept\.\n$/);
    // Docker's image changes the owner of all that it is given.
    for (const path of [data, join(data, "task-queue-broker")])
      assert.equal(statSync(path).uid, process.getuid?.(), `${path} is still the user's`);
    assert.deepEqual(temporary.left(), []);
  }
});

test("a folder is for one broker at a time", async (t) => {
  const temporary = ownTemporary(t);
  const words = ["broker", "--data", join(temporary.outside, "kept")];
  const broker = start(t, "task-queue", words, temporary);
  await broker.says("Starting");
  await eventually("it has the folder", () => {
    const folder = join(temporary.outside, "kept");
    return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith("in-use-by"));
  });
  const second = await run(t, "task-queue", words, temporary);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^Error: Cannot keep data in ".*kept": the broker of process \d+ uses it/);
  broker.child.kill("SIGINT");
  await broker.ended;
});

test("a broker that ends by itself: the end of its log is printed, and the exit code is 1", {
  skip: noCluster && "only an installed RabbitMQ's process is known here",
}, async (t) => {
  const temporary = ownTemporary(t);
  const data = join(temporary.outside, "kept");
  const broker = start(t, "task-queue", ["broker", "--data", data], temporary);
  await broker.says("Ctrl-C stops it");
  process.kill(Number(readFileSync(join(data, "private@localhost.pid"), "utf8")), "SIGTERM");
  const { code, stderr } = await broker.ended;
  assert.equal(code, 1);
  assert.match(stderr, /^Error: RabbitMQ ended by itself\. The end of its log:\n( {2}.*\n){2,8}$/);
  assert.doesNotMatch(stderr, /\\x0a|\\x1b/);
});
