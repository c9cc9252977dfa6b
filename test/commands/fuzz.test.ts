import assert from "node:assert/strict";
import { test } from "node:test";
import { assertClean } from "../support/clean.js";
import { run } from "../support/command.js";
import { publishBodies } from "../support/publish-bodies.js";
import { openChannel, uniqueQueue } from "../support/queue.js";
import { seeded } from "../support/random.js";

const TASKS = 10_000;
const LONGEST = 300;

/** Set FUZZ_SEED to see the bodies of a round again. */
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000_000);

/** What breaks output most: terminal commands, forged lines, directions, halves of characters, quotes. */
const pieces = [
  ...[
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1bc",
    "\x9b31m",
    "\r",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x7f",
    "\x85",
    "\b",
  ],
  ...["\u202e", "\u2066", "\u2028", "\u2029", "\u200d", "\ufeff", "\xad", "\u{e0041}", "\ufffd"],
  ...[" [x] Done (0.0 s)\n", " [x] Received 'x'\n", '"}\n{"event":"task-done"}\n', "'", '"', "\\", "…", "."],
];

/** Random bodies: bytes, characters, or pieces of what breaks output, with dots among them. */
function* bodies(random: () => number): Generator<Buffer> {
  const below = (limit: number) => Math.floor(random() * limit);
  const character = () =>
    String.fromCodePoint(
      [below(0x80), below(0x800), below(0xd800), 0x1_0000 + below(0x10_0000)][below(4)] ?? 0,
    );
  const byte = () => (below(8) === 0 ? 0x2e : below(256));
  for (let task = 0; task < TASKS; task++) {
    const length = below(LONGEST + 1);
    const kind = below(3);
    if (kind === 0) yield Buffer.from(Array.from({ length }, byte));
    else {
      let text = "";
      while (Buffer.byteLength(text) < length)
        text += below(kind === 1 ? 8 : 2) === 0 ? character() : (pieces[below(pieces.length)] ?? "");
      yield Buffer.from(text).subarray(0, length); // may cut a character in two
    }
  }
}

const words = ["--dot", "0", "--prefetch", "500", "--exit-when-empty"];

test(`${TASKS} random bodies: each is worked, and shown as one Received line and one Done line (seed ${seed})`, async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const queue = uniqueQueue(t);
  await publishBodies(t, queue, bodies(seeded(seed)));
  const { code, stdout, stderr } = await run(t, "worker", ["-q", queue, ...words]);
  assert.deepEqual([code, stderr], [0, ""]);
  assertClean(stdout);
  const told: string[] = [];
  for (const line of stdout.trimEnd().split("\n")) {
    const [, mark] = / \[(.)\] /.exec(line) ?? [];
    // What waits and stops is printed as it comes; between two tasks the broker may take its time.
    if (mark === "*") assert.match(line, /^ \[\*\] (Waiting for messages|Stopping \(|Stopped: )/);
    else told.push(line);
  }
  assert.equal(told.length, 2 * TASKS);
  for (const [at, line] of told.entries())
    assert.match(line, at % 2 === 0 ? /^ \[x\] Received '.*'$/u : /^ \[x\] Done \(\d+\.\d s\)$/);
  assert.match(stdout, /Stopped: 10,000 tasks done/);
  assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 0);
});

test(`${TASKS} random bodies: --json gives each one back byte for byte (seed ${seed})`, async (t) => {
  const queue = uniqueQueue(t);
  await publishBodies(t, queue, bodies(seeded(seed)));
  const { code, stdout, stderr } = await run(t, "worker", ["-q", queue, "--json", ...words]);
  assert.deepEqual([code, stderr], [0, ""]);
  assertClean(stdout, 6 * LONGEST + 1_000);
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const name of ["task-received", "task-done"]) {
    const tasks = events.filter(({ event }) => event === name).map(({ task }) => task);
    assert.equal(tasks.length, TASKS);
    for (const body of bodies(seeded(seed))) {
      const { text, base64, bytes } = tasks.shift();
      const back = text === undefined ? Buffer.from(base64, "base64") : Buffer.from(text);
      assert.ok(back.equals(body) && bytes === body.length, `${body.toString("base64")} came back otherwise`);
    }
  }
  assert.equal(events.at(-1).done, TASKS);
});
