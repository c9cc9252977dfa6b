import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { run, start } from "../support/command.js";
import { eventually } from "../support/eventually.js";
import { ownTemporary } from "../support/own-temporary.js";

/** Whether nothing listens there any more. */
const isClosed = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("connect", () => resolve(socket.destroy() === undefined));
    socket.once("error", () => resolve(true));
  });

test("task-queue broker runs a RabbitMQ that the pair can use, and leaves nothing behind", async (t) => {
  const temporary = ownTemporary(t);
  const broker = start(t, "task-queue", ["broker"], temporary);
  await broker.says("Ctrl-C stops it");
  const url = /AMQP URL\s+(\S+)/.exec(broker.stdout)?.[1] ?? "";
  const adminUrl = /Admin UI\s+(\S+)/.exec(broker.stdout)?.[1] ?? "";
  assert.match(broker.stdout, /Login\s+guest, password guest/);
  assert.equal((await run(t, "new-task", ["-u", url, "one"])).code, 0);
  assert.equal((await run(t, "worker", ["-u", url, "--max-tasks", "1"])).code, 0);
  assert.equal((await fetch(adminUrl)).status, 200);
  broker.child.kill("SIGINT");
  assert.equal((await broker.ended).code, 0);
  assert.deepEqual(temporary.left(), []);
  assert.ok(await isClosed(url));
});

test("Ctrl-C while the broker starts stops it there and then", async (t) => {
  const temporary = ownTemporary(t);
  const broker = start(t, "task-queue", ["broker"], temporary);
  await broker.says("Starting");
  await eventually("the broker has a folder", () => temporary.left().length > 0);
  broker.child.kill("SIGINT");
  const { code, stdout } = await broker.ended;
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /AMQP URL/);
  assert.deepEqual(temporary.left(), []);
});
