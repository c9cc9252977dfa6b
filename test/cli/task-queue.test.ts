import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { run, start } from "../support/command.js";

/** A folder for temporary files of the test's own, so that what is left in it was left by the test. */
function ownTemporary(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "task-queue-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { env: { TMPDIR: folder }, left: () => readdirSync(folder) };
}

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
  while (temporary.left().length === 0) await new Promise(setImmediate);
  broker.child.kill("SIGINT");
  const { code, stdout } = await broker.ended;
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /AMQP URL/);
  assert.deepEqual(temporary.left(), []);
});

test("a broker whose owner is killed with -9 goes too, with its data", async (t) => {
  const temporary = ownTemporary(t);
  const broker = start(t, "task-queue", ["broker"], temporary);
  await broker.says("Ctrl-C stops it");
  const url = /AMQP URL\s+(\S+)/.exec(broker.stdout)?.[1] ?? "";
  assert.equal(temporary.left().length, 1);
  broker.child.kill("SIGKILL");
  while (temporary.left().length > 0 || !(await isClosed(url))) await new Promise(setImmediate);
});

test("lesson without a name lists the lessons", async (t) => {
  const { code, stdout } = await run(t, "task-queue", ["lesson"]);
  assert.equal(code, 0);
  assert.match(stdout, /^share-the-work\s+Which worker gets which task\?/);
});

test("lesson share-the-work: all five tasks done, and a timeline that names both workers", async (t) => {
  const temporary = ownTemporary(t);
  const { code, stdout } = await run(
    t,
    "task-queue",
    ["lesson", "share-the-work", "--dot", "100ms"],
    temporary,
  );
  assert.equal(code, 0, stdout);
  for (const task of [
    "First message.",
    "Second message..",
    "Third message...",
    "Fourth message....",
    "Fifth message.....",
  ]) {
    assert.ok(stdout.includes(`Sent '${task}'`), task);
    assert.ok(stdout.includes(`Received '${task}'`), task);
  }
  assert.equal(stdout.match(/\[x\] Done/g)?.length, 5);
  assert.match(stdout, /^ time {5}0s/m);
  assert.match(stdout, /^ worker-1 .*├/m);
  assert.match(stdout, /^ worker-2 .*├/m);
  assert.match(stdout, /5 tasks, \d+\.\d s of work, done in \d+\.\d s: \d+\.\d\d times as fast/);
  assert.deepEqual(temporary.left(), []);
});

test("a lesson takes other numbers of workers and a file of one's own", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "tasks-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "tasks.csv");
  writeFileSync(file, '"one, two."\nthree..\nfour\n');
  const words = ["lesson", "share-the-work", "--workers", "3", "--dot", "200ms", file];
  const { code, stdout } = await run(t, "task-queue", words);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /Received 'one, two\.'/);
  assert.match(stdout, /3 workers wait for tasks/);
  assert.match(stdout, /3 tasks, /);
});

test("a lesson's file that is not there is told, and nothing is left running", async (t) => {
  const temporary = ownTemporary(t);
  const { code, stderr } = await run(t, "task-queue", ["lesson", "share-the-work", "no-such.csv"], temporary);
  assert.equal(code, 1);
  assert.match(stderr, /no such file/);
  assert.deepEqual(temporary.left(), []);
});

test("Ctrl-C in the middle of a lesson clears everything up", async (t) => {
  const temporary = ownTemporary(t);
  const lesson = start(t, "task-queue", ["lesson", "share-the-work", "--dot", "1h"], temporary);
  await lesson.says("Received 'First message.'");
  lesson.child.kill("SIGINT");
  const { code, stderr } = await lesson.ended;
  assert.equal(code, 130);
  assert.match(stderr, /cleared up/);
  assert.deepEqual(temporary.left(), []);
});
