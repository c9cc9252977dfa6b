import assert from "node:assert/strict";
import { test } from "node:test";
import { assertClean } from "../support/clean.js";
import { run, start } from "../support/command.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { publishBodies } from "../support/publish-bodies.js";
import { openChannel, uniqueQueue } from "../support/queue.js";

const bodies: Record<string, Buffer> = {
  "no bytes at all": Buffer.alloc(0),
  "only NULs": Buffer.alloc(1_000),
  "bytes that are no UTF-8": Buffer.from([0xc3, 0x28, 0xa0, 0xff, 0xfe, 0xed, 0xa0, 0x80]),
  "every byte there is": Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  "half a character at the end": Buffer.from("漢").subarray(0, 2),
  "a terminal's commands": Buffer.from(
    "\x1b[2J\x1b]0;owned\x07\x9b31m\r [x] Done (0.0 s)\n [x] Received 'x'\n",
  ),
  "text from right to left": Buffer.from("\u202e\u2066gnp.exe\u2028\u2029\ufeff"),
  "JSON that closes the JSON around it": Buffer.from('"},"event":"task-done"}\n{"event":"stopped"}'),
};

const worker = ["--dot", "0", "--exit-when-empty"];

for (const [what, body] of Object.entries(bodies))
  test(`a body of ${what} is worked like any other, and is one line`, async (t) => {
    const queue = uniqueQueue(t);
    await publishBodies(t, queue, [body, body]);
    const shown = await run(t, "worker", ["-q", queue, "--max-tasks", "1", ...worker]);
    assert.deepEqual([shown.code, shown.stderr], [0, ""]);
    assertClean(shown.stdout);
    const lines = shown.stdout.split("\n");
    assert.equal(lines.filter((line) => /^ \[x\] Received '.*'$/.test(line)).length, 1);
    assert.equal(lines.filter((line) => /^ \[x\] Done \(\d+\.\d s\)$/.test(line)).length, 1);

    const json = start(t, "worker", ["-q", queue, "--json", ...worker]);
    assert.equal((await json.ended).code, 0);
    assertClean(json.stdout, 10_000);
    assert.deepEqual(
      json.recorder.all("task-done").map(({ task }) => task.body),
      [body],
    );
    assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 0);
  });

/** Larger than RabbitMQ 4 takes by itself; the tests' broker does. */
const LARGE = 100 * 1024 * 1024;

test("a body of 100 MB is worked: shown by its beginning, its dots counted", async (t) => {
  const queue = uniqueQueue(t);
  await publishBodies(t, queue, [Buffer.alloc(LARGE, ".")]);
  const { code, stdout, stderr } = await run(t, "worker", ["-q", queue, ...worker]);
  assert.deepEqual([code, stderr], [0, ""]);
  assertClean(stdout);
  assert.match(stdout, / \[x\] Received '\.{200}…'\n \[x\] Done/);
  assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 0);
});

test("a body of 100 MB of NULs, six times as long in JSON, is in no event, but its size is", async (t) => {
  const queue = uniqueQueue(t);
  await publishBodies(t, queue, [Buffer.alloc(LARGE)]);
  const { code, stdout, stderr } = await run(t, "worker", ["-q", queue, "--json", ...worker]);
  assert.deepEqual([code, stderr], [0, ""]);
  const events = stdout.trim().split("\n");
  for (const name of ["task-received", "task-done"]) {
    const { task } = JSON.parse(events.find((line) => line.includes(name)) ?? "{}");
    assert.deepEqual(task, { id: "delivery-1", bytes: LARGE, dots: 0 });
  }
});

test("a body of 16 MiB of NULs, the most that events show, is shown in full", async (t) => {
  const queue = uniqueQueue(t);
  const body = Buffer.alloc(16 * 1024 * 1024);
  await publishBodies(t, queue, [body]);
  const json = start(t, "worker", ["-q", queue, "--json", ...worker]);
  assert.equal((await json.ended).code, 0);
  assert.ok((await json.recorder.first("task-done")).task.body.equals(body));
});

test("a million dots that take no time are done at once", async (t) => {
  const queue = uniqueQueue(t);
  await publishBodies(t, queue, [Buffer.alloc(1_000_000, ".")]);
  const json = start(t, "worker", ["-q", queue, "--json", ...worker]);
  assert.equal((await json.recorder.first("task-done")).task.dots, 1_000_000);
  assert.equal((await json.ended).code, 0);
});

for (const { what, body, dot, says } of [
  { what: "a million dots of a second", body: ".".repeat(1_000_000), dot: "1s", says: "11.6 days" },
  { what: "more milliseconds than a timer holds", body: "..", dot: "596h", says: "49.7 days" },
])
  test(`${what}: the worker says how long, does not end before, and requeues it at a second signal`, async (t) => {
    const queue = uniqueQueue(t);
    await publishBodies(t, queue, [Buffer.from(body)]);
    const patient = start(t, "worker", ["-q", queue, "--dot", dot, "--grace", "1ms"]);
    await patient.says(says);
    assert.match(
      patient.stderr,
      / \[!\] '\.+…?' is \d+\.\d days of work; RabbitMQ may take it back before \(consumer_timeout, 30 minutes by default\)\.\n/,
    );
    patient.child.kill("SIGTERM");
    const { code, stdout } = await patient.ended;
    assert.equal(code, 143);
    assertClean(stdout);
    assert.doesNotMatch(stdout, /Done/);
    assert.match(stdout, /Stopped: 0 tasks done, 0\.0 s of work, 1 task requeued\./);
    assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 1);
  });

test("on a terminal, the line that is redrawn shows a body's escapes and does not send them", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t);
  await publishBodies(t, queue, [Buffer.from("..\x1b]0;owned\x07\x9b\u202e")]);
  const words = ["-q", queue, "--dot", "1s", "--exit-when-empty"];
  const screen = startInTerminal(t, "worker", words);
  await screen.says(/[●○]{2} \.\.\\x1b\]0;owned\\x07\\x9b\\u\{202e\}/);
  const { stdout } = await screen.ended;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of the body's may get through.
  assert.doesNotMatch(stdout, /\x1b\]|[\x07\x9b\u202e]/);
});
