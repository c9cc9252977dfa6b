import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { run, start } from "../support/command.js";
import { ownTemporary } from "../support/own-temporary.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { describeQueue, openChannel, uniqueQueue } from "../support/queue.js";

/** All bodies in a queue, in order. */
async function bodies(t: TestContext, queue: string): Promise<string[]> {
  const channel = await openChannel(t);
  const found: string[] = [];
  for (let message = await channel.get(queue); message !== false; message = await channel.get(queue))
    found.push(message.content.toString());
  return found;
}

test("words are joined with spaces and sent as one task", async (t) => {
  const queue = uniqueQueue(t);
  const { code, stdout } = await run(t, "new-task", ["-q", queue, "First", "message."]);
  assert.equal(code, 0);
  assert.match(stdout, /^ \[x\] Sent 'First message\.'\n/);
  assert.deepEqual(await bodies(t, queue), ["First message."]);
});

test("no words: Hello World!", async (t) => {
  const queue = uniqueQueue(t);
  const { stdout } = await run(t, "new-task", [], { env: { TASK_QUEUE: queue } });
  assert.match(stdout, /Sent 'Hello World!'/);
  assert.deepEqual(await bodies(t, queue), ["Hello World!"]);
});

test("P6: a message that starts with a dash goes after --, and the error says so", async (t) => {
  const queue = uniqueQueue(t);
  assert.equal((await run(t, "new-task", ["-q", queue, "--", "-5 things"])).code, 0);
  assert.deepEqual(await bodies(t, queue), ["-5 things"]);
  const wrong = await run(t, "new-task", ["-q", queue, "-x things"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /after --/);
});

test("it tells how many tasks wait now and before, how many workers listen, and with none how to start one", async (t) => {
  const queue = uniqueQueue(t);
  const alone = await run(t, "new-task", ["-q", queue, "one"]);
  assert.match(alone.stdout, / 1 task waiting now, 0 before; 0 workers listening/);
  assert.match(alone.stdout, new RegExp(`: worker --url amqp://localhost:\\d+ --queue ${queue}\\n`));
  const worker = start(t, "worker", ["-q", queue, "--json"]);
  await worker.recorder.first("task-done");
  const heard = await run(t, "new-task", ["-q", queue, "two"]);
  assert.match(heard.stdout, / [01] tasks? waiting now, 0 before; 1 worker listening/);
  assert.doesNotMatch(heard.stdout, /Start one/);
});

test("--file - sends one task per line of standard input", async (t) => {
  const queue = uniqueQueue(t);
  const { code, stdout } = await run(t, "new-task", ["-q", queue, "-f", "-"], { stdin: "a.\r\n\nb..\nc" });
  assert.equal(code, 0);
  assert.match(stdout, /3 tasks sent and confirmed, 3 dots/);
  assert.deepEqual(await bodies(t, queue), ["a.", "b..", "c"]);
});

test("--file tasks.csv sends the first column of each row", async (t) => {
  const queue = uniqueQueue(t);
  const folder = await mkdtemp(join(tmpdir(), "tasks-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "tasks.csv");
  writeFileSync(file, '"First task, with a comma.",x\nSecond task..\r\n"Third ""task"""\n');
  assert.equal((await run(t, "new-task", ["-q", queue, "--file", file])).code, 0);
  assert.deepEqual(await bodies(t, queue), ["First task, with a comma.", "Second task..", 'Third "task"']);
});

test("a long file is not named task by task", async (t) => {
  const queue = uniqueQueue(t);
  const stdin = Array.from({ length: 1_000 }, (_, number) => `${number}\n`).join("");
  const { stdout } = await run(t, "new-task", ["-q", queue, "-f", "-"], { stdin });
  assert.match(stdout, /1,000 tasks sent and confirmed/);
  assert.ok(stdout.split("\n").length < 30);
});

test("--json prints the events and nothing else", async (t) => {
  const queue = uniqueQueue(t);
  const command = start(t, "new-task", ["-q", queue, "--json", "one."], { stdin: "" });
  const { stdout, stderr } = await command.ended;
  assert.equal(stderr, "");
  const names = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).event);
  assert.deepEqual(names, [
    "connected",
    "channel-opened",
    "queue-declared",
    "task-sent",
    "task-confirmed",
    "stopped",
  ]);
  const { task, name, at } = await command.recorder.first("task-confirmed");
  assert.deepEqual([task.text, task.bytes, task.dots], ["one.", 4, 1]);
  assert.match(name, /^new-task@.+:\d+$/);
  assert.match(stdout, /"at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/);
  assert.ok(at.getTime() > 0);
});

test("--explain narrates each AMQP step with its flags", async (t) => {
  const queue = uniqueQueue(t);
  const { stdout } = await run(t, "new-task", ["-q", queue, "--explain", "one."]);
  const steps = [
    "connection.open",
    "channel.open",
    "confirm.select",
    "durable=true",
    "mandatory=true delivery-mode=2",
    "publisher confirm",
    " [x] Sent 'one.'",
    "channel.close, then connection.close",
  ];
  let at = -1;
  for (const step of steps) {
    const next = stdout.indexOf(step, at + 1);
    assert.ok(next > at, `${step} is missing or out of order in:\n${stdout}`);
    at = next;
  }
});

test("--queue-type, --transient and --ttl reach the broker", async (t) => {
  const queue = uniqueQueue(t);
  await run(t, "new-task", ["-q", queue, "--queue-type", "quorum", "--transient", "--ttl", "1h", "one"]);
  assert.equal((await describeQueue(queue)).type, "quorum");
  const channel = await openChannel(t);
  const message = await channel.get(queue);
  assert.ok(message);
  assert.equal(message.properties.expiration, "3600000");
});

test("T2: it does not ask where stdin or stdout is no terminal", async (t) => {
  const queue = uniqueQueue(t);
  const { stdout, stderr } = await run(t, "new-task", ["-q", queue, "one"]);
  assert.doesNotMatch(stdout + stderr, /Admin UI|\[y\/N\]/);
});

test("a file's progress line has the rate and what is left, within 60 columns", {
  skip: noPseudoTerminal,
}, async (t) => {
  const { env, outside } = ownTemporary(t);
  const path = join(outside, "tasks.txt");
  writeFileSync(path, "a task\n".repeat(20_000));
  const words = ["-q", uniqueQueue(t), "--no-open", "--no-color", "--file", path];
  const { code, stdout } = await startInTerminal(t, "new-task", words, env, 60).ended;
  assert.equal(code, 0);
  const lines = stdout.match(/[\d,]+ tasks confirmed \(\d+ %\), [\d,]+\/s, \d+ s left/g) ?? [];
  assert.ok(lines.length > 0, stdout.slice(-500));
  for (const line of lines) assert.ok(line.length <= 57, line);
  assert.match(stdout, /20,000 tasks sent and confirmed/);
});

test("--timestamps: each line for a person begins with date and time", async (t) => {
  const queue = uniqueQueue(t);
  const words = ["-q", queue, "--timestamps"];
  const sent = await run(t, "new-task", [...words, "one"]);
  const worked = await run(t, "worker", [...words, "--exit-when-empty", "--explain"]);
  for (const { code, stdout } of [sent, worked]) {
    assert.equal(code, 0);
    for (const line of stdout.trim().split("\n"))
      assert.match(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}/);
  }
  assert.match(worked.stdout, / {2}\[x\] Received 'one'/);
});
