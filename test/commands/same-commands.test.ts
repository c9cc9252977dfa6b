import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../support/command.js";
import { uniqueQueue } from "../support/queue.js";

test("task-queue new-task and task-queue worker are the commands of these names", async (t) => {
  const queue = uniqueQueue(t);
  const sent = await run(t, "task-queue", ["new-task", "-q", queue, "First", "message."]);
  assert.deepEqual([sent.code, sent.stderr], [0, ""]);
  assert.match(sent.stdout, / \[x\] Sent 'First message\.'/);
  const worked = await run(t, "task-queue", ["worker", "-q", queue, "--max-tasks", "1", "--dot", "1ms"]);
  assert.equal(worked.code, 0, worked.stderr);
  assert.match(worked.stdout, / \[x\] Received 'First message\.'[\s\S]* \[x\] Done/);
});

test("their help, also by task-queue help, is their own under the name that was typed", async (t) => {
  for (const name of ["new-task", "worker"] as const) {
    const own = await run(t, name, ["--help"]);
    const typed = `task-queue ${name}`;
    for (const words of [
      [name, "--help"],
      ["help", name],
    ]) {
      const { code, stdout } = await run(t, "task-queue", words);
      assert.equal(code, 0);
      assert.equal(stdout, own.stdout.replace(`Usage: ${name} `, `Usage: ${typed} `));
    }
    const wrong = await run(t, "task-queue", [name, "--nonsense"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, new RegExp(`See ${typed} --help`));
    const { stdout } = await run(t, "task-queue", ["--help"]);
    assert.match(stdout, new RegExp(`^ {2}${name} .*the command ${name}`, "m"));
  }
});

test("words behind the name stay what they are: a message that reads like a command, too", async (t) => {
  const queue = uniqueQueue(t);
  const { stdout } = await run(t, "task-queue", ["new-task", "-q", queue, "--", "worker", "--help"]);
  assert.match(stdout, /Sent 'worker --help'/);
});
