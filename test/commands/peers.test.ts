import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Running, run } from "../support/command.js";
import { noPika, pythonWithPika } from "../support/python.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";

const peer = (name: string): string => fileURLToPath(new URL(`../../../test/peers/${name}`, import.meta.url));

const peers = [
  {
    name: "the Python tutorial's pair (pika, classic queue)",
    command: [pythonWithPika ?? "python3", peer("tutorial.py")],
    type: "classic",
    skip: noPika,
  },
  {
    name: "the JavaScript tutorial's pair (amqplib, quorum queue)",
    command: [process.execPath, peer("tutorial.mjs")],
    type: "quorum",
    skip: false,
  },
] as const;

for (const { name, command, type, skip } of peers) {
  const [program, script] = command;
  const send = (t: TestContext, queue: string, stdin: string) =>
    new Running(t, program, [script, "send", brokerUrl, queue, type], { stdin }).ended;

  test(`new-task sends to ${name}`, { skip }, async (t) => {
    const queue = uniqueQueue(t);
    // The peer declares the queue first: it insists on its kind of queue, ours uses what is there.
    assert.equal((await send(t, queue, "theirs.\n")).code, 0);
    assert.equal((await run(t, "new-task", ["-q", queue, "ours.."])).code, 0);
    const worker = new Running(t, program, [script, "work", brokerUrl, queue, type, "10"]);
    await worker.says(/Done theirs\..*Done ours\.\./s);
  });

  test(`worker works the tasks of ${name}`, { skip }, async (t) => {
    const queue = uniqueQueue(t);
    assert.equal((await send(t, queue, "one.\ntwo..\n")).code, 0);
    const { code, stdout } = await run(t, "worker", ["-q", queue, "--dot", "10ms", "--max-tasks", "2"]);
    assert.equal(code, 0);
    assert.match(stdout, /Received 'one\.'.*Done.*Received 'two\.\.'.*Done/s);
  });
}
