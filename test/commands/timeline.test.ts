import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { run, start } from "../support/command.js";
import { ownTemporary } from "../support/own-temporary.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";

const ESC = "\x1b";

const event = (name: string, ms: number, more: object): string =>
  JSON.stringify({ event: "task-received", at: new Date(1_700_000_000_000 + ms), name, ...more });
const received = (name: string, ms: number, text: string, redelivered = false): string =>
  event(name, ms, { task: { id: text, text }, redelivered });
const done = (name: string, ms: number, text: string): string =>
  event(name, ms, { event: "task-done", task: { id: text, text }, seconds: 1 });

test("timeline draws the logs of a real run: who did what, who was killed, what came again", async (t) => {
  const { outside } = ownTemporary(t);
  const queue = uniqueQueue(t);
  const options = ["--queue", queue, "--json"];
  const first = start(t, "worker", [...options, "--name", "one", "--dot", "1h"]);
  await first.recorder.first("consuming");
  const sent = await run(t, "new-task", [...options, "Only."]);
  await first.recorder.first("task-received");
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await run(t, "worker", [...options, "--name", "two", "--dot", "10ms", "--max-tasks", "1"]);
  const logs = { one: first.stdout, two: second.stdout, sent: sent.stdout };
  for (const [name, text] of Object.entries(logs)) writeFileSync(join(outside, name), text);
  const svg = join(outside, "picture.svg");
  const words = ["timeline", "--svg", svg, ...["two", "sent", "one"].map((name) => join(outside, name))];
  const { code, stdout, stderr } = await run(t, "task-queue", words);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.match(stdout, /^ time .*\n one +├Only\.─+✗\n two +\S/);
  assert.match(stdout, /^one: 1 killed\ntwo: 1 done, 1 redelivered\n1 task sent and confirmed\. /m);
  assert.equal(readFileSync(svg, "utf8").split(">Only.</text>").length, 3);
});

test("timeline reads standard input, merges by time, and counts lines that are no events", async (t) => {
  const lines = [
    "node: a warning",
    done("w", 2_000, "a."),
    "",
    received("w", 0, "a."),
    "{}",
    received("v", 500, "b."),
  ];
  const { code, stdout, stderr } = await run(t, "task-queue", ["timeline", "-"], {
    stdin: lines.join("\r\n"),
  });
  assert.equal(code, 0);
  assert.match(stderr, /2 lines skipped: not from --json/);
  assert.match(stdout, /^ v +├b\.─+▸\n w +├a\.─+┤\n/m);
  assert.match(stdout, /^v: 1 not ended\nw: 1 done\n2\.0 s of work in 2\.0 s\.$/m);
});

test("timeline reads what Windows PowerShell writes: UTF-16, and whatever else has a byte order mark", async (t) => {
  const { outside } = ownTemporary(t);
  const log = `\ufeff${received("w", 0, "漢字 🐇.")}\r\n${done("w", 2_000, "漢字 🐇.")}\r\n`;
  for (const encoding of ["utf16le", "utf8"] as const) {
    const path = join(outside, encoding);
    writeFileSync(path, log, encoding);
    const { code, stdout, stderr } = await run(t, "task-queue", ["timeline", path]);
    assert.deepEqual([code, stderr], [0, ""], encoding);
    assert.match(stdout, /├漢字 🐇\.─+┤\n/);
  }
});

test("where no picture can be written, that is an error before a log is read", async (t) => {
  const { outside } = ownTemporary(t);
  const refused = async (svg: string) => {
    const { code, stderr } = await run(t, "task-queue", ["timeline", "--svg", svg, "no-such.log"]);
    assert.equal(code, 1);
    assert.match(stderr, /Cannot write/, svg);
  };
  for (const svg of ["", outside, join(outside, "new/"), join(outside, "no/such.svg")]) await refused(svg);
  if (process.getuid?.() === 0) t.diagnostic("root may write to a read-only file: not tried");
  else {
    const readOnly = join(outside, "picture.svg");
    writeFileSync(readOnly, "", { mode: 0o444 });
    await refused(readOnly);
  }
});

test("a log without a worker's task is an error that says what is missing", async (t) => {
  const failed = async (stdin: string, pattern: RegExp, path = "-") => {
    const { code, stdout, stderr } = await run(t, "task-queue", ["timeline", path], { stdin });
    assert.equal(code, 1);
    assert.match(stderr, pattern);
    assert.equal(stdout, "");
  };
  await failed("", /No worker received a task in "-"\. Logs are made with worker --json > worker\.log/);
  const confirmed = event("n", 0, { event: "task-confirmed", task: { id: "1", text: "a" }, line: 1 });
  await failed(confirmed, /What became of the 1 task sent is in the workers' logs/);
  await failed("", /Cannot read "no-such\.log": no such file/, "no-such.log");
  await failed("", /Cannot read ".*": .*directory/, ".");
  assert.equal((await run(t, "task-queue", ["timeline"])).code, 2);
});

const odd = [
  "Mittagessen 🍜 kochen......",
  "漢字漢字漢字漢字漢字.",
  "👩\u200d🌾 & <b>bold</b>...",
  "\x1b[2J\u202e.",
  "plain.",
];

test("60 and 80 columns, NO_COLOR, a pipe: straight lanes for whatever names", {
  skip: noPseudoTerminal,
}, async (t) => {
  const { outside } = ownTemporary(t);
  const log = join(outside, "log");
  const workers = ["a worker with a name that is long 🐇", "w1", "漢字のワーカー"];
  const lines = workers.flatMap((name, lane) =>
    odd.flatMap((text, at) => {
      const from = at * 1_000 + lane * 300;
      return [received(name, from, text + lane, at === 1), done(name, from + 1_000, text + lane)];
    }),
  );
  writeFileSync(log, `${lines.join("\n")}\n`);
  const straight = (text: string, columns: number) => {
    const drawn = text
      .replaceAll("\r", "")
      .split("\n")
      .slice(1, 1 + workers.length);
    assert.equal(drawn.length, 3);
    for (const line of drawn) {
      assert.ok(stringWidth(line) <= columns, `${stringWidth(line)}: ${line}`);
      assert.doesNotMatch(line, /[\p{Cf}\p{Zl}\p{Zp}]/u);
    }
    // Each lane begins and ends 0.3 s after the one above: no wide name moves a bar.
    const begins = drawn.map((line) => stringWidth(line.slice(0, line.search(/[├↻]/))));
    assert.ok((begins[0] ?? 0) < (begins[1] ?? 0) && (begins[1] ?? 0) < (begins[2] ?? 0), String(begins));
    assert.equal(new Set(drawn.map((line) => stringWidth(line))).size, 3);
  };
  for (const columns of [60, 80]) {
    const screen = startInTerminal(t, "task-queue", ["timeline", log], { NO_COLOR: "1" }, columns);
    const { code, stdout } = await screen.ended;
    assert.equal(code, 0, stdout);
    assert.ok(!stdout.includes(ESC), stdout);
    straight(stdout, columns);
    const colored = await startInTerminal(t, "task-queue", ["timeline", log], {}, columns).ended;
    assert.ok(colored.stdout.includes(`${ESC}[`));
    assert.equal(stripVTControlCharacters(colored.stdout), stdout);
  }
  straight((await run(t, "task-queue", ["timeline", log])).stdout, 80);
});

test("in a terminal a lesson draws live lanes in place, and ends with the finished timeline", {
  skip: noPseudoTerminal,
}, async (t) => {
  const words = ["lesson", "share-the-work", "--dot", "150ms", "--url", brokerUrl];
  const screen = startInTerminal(t, "task-queue", words, { NO_COLOR: "1" }, 60);
  const { code, stdout } = await screen.ended;
  assert.equal(code, 0, stdout);
  assert.match(stdout, /Ctrl-C ends it and clears up/);
  // Frames begin by going up as many lines as the one before had.
  assert.match(stdout, new RegExp(`${ESC}\\[\\d+F time`));
  const [finished = ""] = stdout.split(`${ESC}[J`).slice(-1);
  assert.ok(!finished.includes(ESC) && !finished.includes("Ctrl-C ends"), finished);
  assert.match(finished, /^ worker-1 /m);
  for (const line of finished.split("What was measured")[0]?.split("\r\n") ?? [])
    assert.ok(stringWidth(line) < 60, line);
  assert.doesNotMatch(stdout, /Received 'First/);
});
