import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedBroker } from "../support/broker.js";
import { run, start } from "../support/command.js";
import { openChannel, readAll, uniqueQueue } from "../support/queue.js";

test("stopped in the middle of a file it names the next line, and --from-line goes on there: each task is there once", async (t) => {
  const queue = uniqueQueue(t);
  const shared = ["-q", queue, "--file", "-"];
  const input = Array.from({ length: 50_000 }, (_, number) => `task ${number + 1}\n`).join("");
  const first = start(t, "new-task", shared, { stdin: input });
  await first.says("task 20'");
  first.child.kill("SIGINT");
  const { code, stdout } = await first.ended;
  assert.equal(code, 1);
  const [, next = ""] = /; nothing after that\.\n.*--from-line (\d+)\n/.exec(stdout) ?? [];
  assert.ok(Number(next) > 20 && Number(next) < 50_000, stdout);
  const second = await run(t, "new-task", [...shared, "--from-line", next], { stdin: input });
  assert.equal(second.code, 0);
  const channel = await openChannel(t);
  const found = await readAll(channel, queue);
  assert.deepEqual(found, input.trimEnd().split("\n"));
});

test("a queue that stays full: what it did not take is named with its lines, and where to go on, exit code 1", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { "x-max-length": 2, "x-overflow": "reject-publish" },
  });
  const stdin = Array.from({ length: 50 }, (_, number) => `task ${number + 1}\n`).join("");
  const words = ["-q", queue, "-f", "-", "--confirm-timeout", "3s"];
  const { code, stdout, stderr } = await run(t, "new-task", words, { stdin });
  assert.equal(code, 1);
  assert.match(stdout, /2 tasks sent and confirmed.*; 48 tasks refused$/m);
  assert.match(
    stdout,
    /^ {5}Stored: lines 1 to 2; nothing after that\.\n {5}To go on from there: --from-line 3$/m,
  );
  assert.match(stderr, /The broker nacks tasks/);
  assert.match(stderr, /Refused: 'task 3' \(line 3\): nacked by the broker again and again, not stored/);
  assert.equal(stderr.match(/Refused:/g)?.length, 20, "the others are in the summary");
  assert.match(stderr, /Error: .* took no task for 3 s \(nack\)\.\nThe queue may be full/);
  assert.equal((await channel.checkQueue(queue)).messageCount, 2);
});

test("a task that a full queue nacks is stored when there is room for it soon", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { "x-max-length": 1, "x-overflow": "reject-publish" },
  });
  const command = start(t, "new-task", ["-q", queue, "--json", "-f", "-"], {
    stdin: "one\ntwo\n",
  });
  await command.recorder.first("nacked");
  await channel.get(queue, { noAck: true });
  const { code, stderr } = await command.ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(await readAll(channel, queue), ["two"]);
});

test("into a full queue that is worked off slowly every task goes in the end, and none is sent over and over", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { "x-max-length": 3, "x-overflow": "reject-publish" },
  });
  const stdin = Array.from({ length: 40 }, (_, number) => `task ${number + 1}.\n`).join("");
  const shared = ["-q", queue, "--json"];
  const publisher = start(t, "new-task", [...shared, "-f", "-"], { stdin });
  await publisher.recorder.first("nacked");
  start(t, "worker", [...shared, "--dot", "20ms"]);
  const { code, stderr } = await publisher.ended;
  assert.equal(code, 0, stderr);
  const { confirmed, sentAgain } = JSON.parse(publisher.stdout.trim().split("\n").at(-1) ?? "");
  assert.equal(confirmed, 40);
  assert.ok(sentAgain < 40 * 5, `${sentAgain} sent again`);
});

test("a task larger than the broker takes is named with its line, whatever the broker does; the others go on", async (t) => {
  const limited = await sharedBroker("limited");
  const queue = uniqueQueue(t, limited.url);
  // The second one is known to be too large before it is sent.
  const stdin = `one\n${"x".repeat(2_000)}\nthree\n\n${"y".repeat(1_001)}\nsix\n${"z".repeat(1_000)}\n`;
  const { code, stdout, stderr } = await run(t, "new-task", ["-u", limited.url, "-q", queue, "-f", "-"], {
    stdin,
  });
  assert.equal(code, 1);
  assert.match(stdout, /4 tasks sent and confirmed.*; 2 tasks refused$/m);
  assert.match(stderr, /Refused: 'x+…' \(line 2\): larger than the 1,000 bytes this broker takes/);
  assert.match(stderr, /Refused: 'y+…' \(line 5\): larger than/);
  const channel = await openChannel(t, limited.url);
  assert.deepEqual(
    [...new Set(await readAll(channel, queue))].map((task) => task.slice(0, 3)),
    ["one", "thr", "six", "zzz"],
  );
});
