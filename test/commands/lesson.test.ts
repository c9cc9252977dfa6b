import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { lessons } from "#dist/lessons/lessons.js";
import { run } from "../support/command.js";
import { leftRunning } from "../support/left-running.js";
import { ownTemporary } from "../support/own-temporary.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { brokerUrl } from "../support/queue.js";

/** A text as it was before it was broken into lines. */
const unwrapped = (text: string): string => text.replaceAll(/\s+/g, " ");

test("lesson without a name lists the lessons, with the question each one answers", async (t) => {
  const { code, stdout } = await run(t, "task-queue", ["lesson"]);
  assert.equal(code, 0);
  assert.match(stdout, /^share-the-work\s+Which worker gets which task\?/);
  for (const { name, question } of lessons)
    assert.match(stdout, new RegExp(`^${name} +${question.replace("?", "\\?")}$`, "m"));
  assert.equal(lessons.length, 8);
});

test("lesson share-the-work: all five tasks are sent, done and drawn, whatever is set for other brokers", async (t) => {
  const gone = "/no/such/file";
  const env = {
    AMQP_URL: "amqp://no-such-host",
    TASK_QUEUE: "q",
    AMQP_PASSWORD_FILE: gone,
    AMQP_CA_FILE: gone,
  };
  const { code, stdout } = await run(t, "task-queue", ["lesson", "share-the-work", "--dot", "100ms"], {
    env,
  });
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
  assert.match(stdout, /^ worker-1 .*[├│]/m);
  assert.match(stdout, /^ worker-2 .*[├│]/m);
  assert.match(unwrapped(stdout), /5 tasks, \d+\.\d s of work, done in \d+\.\d s: \d+\.\d\d times as fast/);
});

test("share-the-work takes other numbers of workers and a file of one's own, whatever is in it", async (t) => {
  const { outside } = ownTemporary(t);
  const file = join(outside, "tasks.csv");
  writeFileSync(file, '"one, two."\n漢字 🐇..\n"four <&> \x1b[31m"\n');
  const svg = join(outside, "picture.svg");
  const words = ["lesson", "share-the-work", "--workers", "3", "--dot", "200ms", "--svg", svg];
  const { code, stdout } = await run(t, "task-queue", [...words, "--url", brokerUrl, file]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /Received 'one, two\.'/);
  assert.match(stdout, /3 workers wait for tasks/);
  const [, byHand = ""] = stdout.split(/^By hand$/m);
  assert.equal(byHand.match(/\$ \S.*worker.* --dot 200ms$/gm)?.length, 3, byHand);
  assert.match(byHand, new RegExp(`^ {2}terminal 4 {3}\\$ .*new-task.* --file ${file}$`, "m"));
  assert.match(unwrapped(stdout), /3 tasks, /);
  const picture = readFileSync(svg, "utf8");
  for (const name of ["one, two.", "漢字 🐇..", "four &lt;&amp;&gt; \\x1b[31m"])
    assert.equal(picture.split(`>${name}</text>`).length, 2, name);
});

test("share-the-work takes tasks from standard input", async (t) => {
  const words = ["lesson", "share-the-work", "--dot", "10ms", "--url", brokerUrl, "-"];
  const { code, stdout, stderr } = await run(t, "task-queue", words, { stdin: "a.\nb..\n" });
  assert.equal(code, 0, stderr);
  assert.match(unwrapped(stdout), /2 tasks, /);
});

test("what a lesson cannot do is refused before anything starts, with exit code 2 or 1", async (t) => {
  const temporary = ownTemporary(t);
  const refused = async (code: number, pattern: RegExp, ...words: string[]) => {
    const ended = await run(t, "task-queue", ["lesson", ...words], temporary);
    assert.equal(ended.code, code, words.join(" "));
    assert.match(ended.stderr, pattern);
    assert.equal(ended.stdout, "");
    assert.deepEqual(temporary.left(), []);
  };
  for (const { name } of lessons.filter(({ killsBroker }) => killsBroker))
    await refused(2, /kills its broker, which must be a private one/, name, "--url", brokerUrl);
  for (const name of ["worker-crash", "broker-restart"])
    for (const dot of ["0", "1ms", "99ms"])
      await refused(2, /shows nothing with less than 100ms per dot/, name, "--dot", dot);
  for (const name of ["fair-dispatch", "scale-out"]) await refused(2, /than 10ms/, name, "--dot", "0");
  await refused(2, /share-the-work takes others/, "confirms", "--workers", "3");
  await refused(2, /share-the-work takes others/, "scale-out", "tasks.csv");
  await refused(2, /amqp/, "share-the-work", "--url", "http://localhost");
  await refused(2, /one address/, "share-the-work", "--url", `${brokerUrl},${brokerUrl}`);
  await refused(2, /Allowed choices/, "no-such-lesson");
  await refused(1, /no such file/, "share-the-work", "no-such.csv");
  const empty = join(temporary.outside, "empty.txt");
  writeFileSync(empty, "\n\n");
  await refused(1, /There is no task in ".*empty\.txt"/, "share-the-work", empty);
  await refused(1, /There is no task in standard input/, "share-the-work", "-");
  for (const svg of ["/no/such/folder/picture.svg", "", temporary.outside, `${temporary.outside}/new/`])
    await refused(1, /Cannot write/, "share-the-work", "--svg", svg);
});

test("a broker that is not there is named with its remedy", async (t) => {
  const { code, stderr } = await run(t, "task-queue", ["lesson", "scale-out", "--url", "amqp://localhost:1"]);
  assert.equal(code, 1);
  assert.match(stderr, /Nothing listens on localhost:1/);
});

test("Ctrl-C pressed in the terminal ends a lesson with its lanes wiped, and clears everything up", {
  skip: noPseudoTerminal,
}, async (t) => {
  const temporary = ownTemporary(t);
  const words = ["lesson", "share-the-work", "--dot", "1h"];
  const screen = startInTerminal(t, "task-queue", words, { NO_COLOR: "1", ...temporary.env });
  await screen.says(/worker-1 ├/);
  screen.child.stdin?.write("\x03");
  const { code, stdout } = await screen.ended;
  assert.equal(code, 130);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are how it wipes.
  assert.match(stdout, /\x1b\[\d+F\x1b\[JStopped; everything is cleared up\.\r\n$/);
  assert.deepEqual(temporary.left(), []);
  assert.deepEqual(leftRunning(temporary.env.TMPDIR), []);
});
