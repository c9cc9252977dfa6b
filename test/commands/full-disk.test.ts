import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Running, script } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { openChannel, uniqueQueue } from "../support/queue.js";

const skip = existsSync("/dev/full") ? false : "there is no /dev/full, which answers as a full disk does";

/** A command whose standard output is a full disk. */
const intoFullDisk = (t: Parameters<typeof uniqueQueue>[0], command: string) =>
  new Running(t, "/bin/sh", ["-c", `exec ${command} > /dev/full`]).ended;

const node = (name: "new-task" | "worker") => `'${process.execPath}' '${script(name)}'`;

for (const json of ["", "--json"])
  test(`T7: worker ${json} on a full disk: an error and exit code 1; no task is lost`, {
    skip,
  }, async (t) => {
    const queue = uniqueQueue(t);
    await publishAll(["one.", "two."], { queue });
    const words = `-q ${queue} --dot 50ms --exit-when-empty ${json}`;
    const { code, stderr } = await intoFullDisk(t, `${node("worker")} ${words}`);
    assert.equal(code, 1);
    assert.match(stderr, /^Error: Cannot write to standard output: ENOSPC: no space left on device.*\.$/m);
    assert.doesNotMatch(stderr, /\n\s+at /);
    const channel = await openChannel(t);
    const { messageCount } = await channel.checkQueue(queue);
    assert.ok(
      messageCount >= 1,
      "it took no further task, and at most one was begun, finished and acknowledged",
    );
  });

test("T7: new-task on a full disk: all is sent, and it ends with an error and exit code 1", {
  skip,
}, async (t) => {
  const queue = uniqueQueue(t);
  const lines = `printf 'one\\ntwo\\n' | ${node("new-task")} -q ${queue} --file -`;
  const { code, stderr } = await intoFullDisk(t, `sh -c "${lines}"`);
  assert.equal(code, 1);
  assert.match(stderr, /^Error: Cannot write to standard output: ENOSPC/m);
  assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 2);
});

test("T7: help on a full disk is an error too", { skip }, async (t) => {
  const { code, stderr } = await intoFullDisk(t, `${node("worker")} --help`);
  assert.deepEqual([code, stderr.split("\n").length], [1, 2]);
});
