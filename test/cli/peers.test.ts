import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Running, run } from "../support/command.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";

const peer = (name: string): string => fileURLToPath(new URL(`../../../test/peers/${name}`, import.meta.url));

// Debian's own Python has Debian's python3-pika; another one may come first on the PATH.
const pythons = ["/usr/bin/python3", "python3"];
const python = pythons.find((path) => spawnSync(path, ["-c", "import pika"]).status === 0);

const peers = [
  {
    name: "the Python tutorial's pair (pika, classic queue)",
    command: [python ?? "python3", peer("tutorial.py")],
    skip: python === undefined ? "Python's pika is not installed (Debian: python3-pika)" : false,
  },
  {
    name: "the JavaScript tutorial's pair (amqplib, quorum queue)",
    command: [process.execPath, peer("tutorial.mjs")],
    skip: false,
  },
] as const;

for (const { name, command, skip } of peers) {
  const [program, script] = command;
  const work = (queue: string): string[] => [script, "work", brokerUrl, queue, "2"];
  const send = (queue: string, body: string): string[] => [script, "send", brokerUrl, queue, body];

  test(`new-task sends to ${name}`, { skip }, async (t) => {
    const queue = uniqueQueue(t);
    // The peer declares the queue first: it insists on its kind of queue, ours uses what is there.
    assert.equal((await new Running(t, program, send(queue, "theirs.")).ended).code, 0);
    assert.equal((await run(t, "new-task", ["-q", queue, "ours.."])).code, 0);
    const worker = new Running(t, program, work(queue));
    await worker.says("Received ours..");
    assert.equal((await worker.ended).code, 0);
  });

  test(`worker works the tasks of ${name}`, { skip }, async (t) => {
    const queue = uniqueQueue(t);
    for (const body of ["one.", "two.."])
      assert.equal((await new Running(t, program, send(queue, body)).ended).code, 0);
    const { code, stdout } = await run(t, "worker", ["-q", queue, "--dot", "10ms", "--max-tasks", "2"]);
    assert.equal(code, 0);
    assert.match(stdout, /Received 'one\.'.*Done.*Received 'two\.\.'.*Done/s);
  });
}
