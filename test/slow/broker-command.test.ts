import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { isAtLeast } from "../support/broker.js";
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
