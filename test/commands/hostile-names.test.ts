import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { assertClean } from "../support/clean.js";
import { type CommandName, type Ended, run } from "../support/command.js";
import { publishBodies } from "../support/publish-bodies.js";
import { brokerUrl, management, openChannel, uniqueQueue } from "../support/queue.js";

/** A title, a cleared screen, a colour, a forged line's return, right to left, a separator: no line break. */
const EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\t\b\u202e\u2028\u{e0041}'\"$(id)`";
const SHOWN = "\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\x7f\\x09\\x08\\u{202e}\\u{2028}\\u{e0041}'\"$(id)`";

const task = Buffer.from("one");

/** Every way of telling: for a person, with the AMQP steps, as JSON, and both. */
const ways = [[], ["--explain"], ["--json"], ["--json", "--explain"]];

/** Asserts that a command failed in at most two short lines on stderr, besides those of a log, and that all it wrote is clean. */
function assertFailed({ code, stdout, stderr }: Ended): void {
  assertClean(stdout);
  assertClean(stderr);
  assert.ok(code === 1 || code === 2, `exit code ${code}`);
  const lines = stderr
    .slice(stderr.search(/^error: /im))
    .trimEnd()
    .split("\n") // --explain comes before
    .filter((line) => !line.startsWith("  ")); // a log's
  assert.ok(lines.length <= 2, `${lines.length} lines: ${JSON.stringify(lines)}`);
}

for (const way of ways)
  test(`a worker with a hostile name on a hostile queue writes nothing raw: ${way.join(" ") || "for a person"}`, async (t) => {
    const queue = uniqueQueue(t, brokerUrl, EVIL);
    const name = EVIL;
    await publishBodies(t, queue, [task]);
    const words = ["--name", name, "--queue", queue, "--max-tasks", "1", "--queue-type", "quorum", ...way];
    const { code, stdout, stderr } = await run(t, "worker", words);
    assert.equal(code, 0);
    assertClean(stdout, 2_000);
    assertClean(stderr, 2_000);
    if (!way.includes("--json"))
      assert.ok(stdout.includes(`Queue '${SHOWN}`), "the queue's name is shown escaped, for it is adopted");
    if (way.includes("--explain")) assert.ok((stdout + stderr).includes(`consumer-tag=${SHOWN} `));
    if (way.includes("--json")) {
      const events = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.ok(events.every((event) => event.name === name));
      assert.equal(events.find(({ event }) => event === "consuming").queue, queue);
    }
  });

test("new-task shows a hostile queue and a hostile admin address escaped", async (t) => {
  const queue = uniqueQueue(t, brokerUrl, EVIL);
  const words = ["--queue", queue, "--open", "--admin-url", `http://127.0.0.1:1/${EVIL}`, "--explain", "one"];
  const { code, stdout, stderr } = await run(t, "new-task", words);
  assert.deepEqual([code, stderr], [0, ""]);
  assertClean(stdout, 2_000);
  assert.ok(stdout.includes(`listening on '${SHOWN}`));
  assert.ok(stdout.includes(`Admin UI: http://127.0.0.1:1/${SHOWN}`));
});

test("a virtual host with a hostile name is worked on, and nothing of it is written raw", async (t) => {
  const vhost = encodeURIComponent(`${EVIL}\r\n [x] Done${randomUUID()}`);
  await management(`vhosts/${vhost}`, { method: "PUT" });
  t.after(() => management(`vhosts/${vhost}`, { method: "DELETE" }));
  const env = { AMQP_URL: `${brokerUrl}/${vhost}` };
  const sent = await run(t, "new-task", ["one"], { env });
  assert.equal(sent.code, 0);
  assertClean(sent.stdout, 2_000);
  for (const way of ways) {
    const words = ["--exit-when-empty", "--dot", "0", ...way];
    const { code, stdout, stderr } = await run(t, "worker", words, { env });
    assert.equal(code, 0);
    assertClean(stdout, 2_000);
    assertClean(stderr, 2_000);
  }
  // The broker's own text names queue and virtual host.
  const channel = await openChannel(t, env.AMQP_URL);
  const queue = EVIL;
  await channel.assertQueue(queue, { durable: true, autoDelete: true });
  const refused = await run(t, "worker", ["--queue", queue], { env });
  assertFailed(refused);
  assert.ok(refused.stderr.includes(SHOWN));
  assert.match(refused.stderr, /inequivalent arg 'auto_delete'/);
});

const escaped = encodeURIComponent(`${EVIL}\r\n`);
const host = brokerUrl.replace("amqp://", "");

interface Case {
  what: string;
  command: CommandName;
  words?: string[];
  env: NodeJS.ProcessEnv;
  says: RegExp;
}

const refusals: Case[] = [
  {
    what: "AMQP_URL of escapes",
    command: "worker",
    env: { AMQP_URL: `amqp://${EVIL}` },
    says: /control character/,
  },
  {
    what: "AMQP_URL with a host of escapes that are no white space",
    command: "worker",
    env: { AMQP_URL: "amqp://h\x9b31m\u202e" },
    says: /\\x9b31m\\u\{202e\}/,
  },
  {
    what: "AMQP_URL with an encoded host of escapes",
    command: "worker",
    env: { AMQP_URL: `amqp://${escaped}.invalid` },
    says: /\\x1b\[2J/,
  },
  {
    what: "AMQP_URL with a user of escapes",
    command: "worker",
    env: { AMQP_URL: `amqp://${escaped}:s3cret@${host}` },
    says: /refuses user "\\x1b\]0;owned/,
  },
  {
    what: "AMQP_URL with an unknown virtual host of escapes",
    command: "new-task",
    env: { AMQP_URL: `${brokerUrl}/${escaped}` },
    says: /"\\x1b\]0;owned.*" does not exist/,
  },
  {
    what: "AMQP_URL of 100,000 characters",
    command: "new-task",
    env: { AMQP_URL: `amqp://${"x".repeat(100_000)}` },
    says: /x{300}/,
  },
  {
    what: "AMQP_URL with a scheme of 100,000 characters",
    command: "new-task",
    env: { AMQP_URL: `${"x".repeat(100_000)}://h` },
    says: /starts with x{300}/,
  },
  {
    what: "TASK_QUEUE of 100,000 characters",
    command: "worker",
    env: { TASK_QUEUE: EVIL.repeat(3_000) },
    says: /\\x1b\[2J/,
  },
  {
    what: "TASK_QUEUE that is RabbitMQ's own",
    command: "worker",
    env: { TASK_QUEUE: `amq.${EVIL}` },
    says: /begin with "amq\."/,
  },
  {
    what: "TASK_QUEUE_OPEN of escapes and lines",
    command: "new-task",
    env: { TASK_QUEUE_OPEN: `${EVIL}\n [x] Sent\n\n\n` },
    says: /ask, yes or no/,
  },
  {
    what: "TASK_QUEUE_OPEN of 100,000 characters",
    command: "new-task",
    env: { TASK_QUEUE_OPEN: "x".repeat(100_000) },
    says: /ask, yes or no/,
  },
  {
    what: "TASK_QUEUE_IMAGE of escapes and lines",
    command: "task-queue",
    words: ["broker"],
    env: { TASK_QUEUE_IMAGE: `${EVIL}\n [x] Sent\n\n\n` },
    says: /RabbitMQ/,
  },
  {
    what: "--file of escapes and lines",
    command: "new-task",
    words: ["--file", `${EVIL}\n\n\n`],
    env: {},
    says: /no such file/,
  },
];

for (const { what, command, words = [], env, says } of refusals)
  test(`${what}: an error of at most two short lines, with nothing raw in it`, async (t) => {
    for (const way of command === "task-queue" ? [[]] : [[], ["--json", "--explain"]]) {
      const ended = await run(t, command, [...words, ...way], { env });
      assertFailed(ended);
      assert.match(ended.stderr, says);
      assert.doesNotMatch(ended.stderr, /s3cret/);
    }
  });

test("a stack with DEBUG has no line of the message's own", async (t) => {
  const env = { DEBUG: "1", TASK_QUEUE_OPEN: `${EVIL}\n [x] Sent\n    at home` };
  const { stderr } = await run(t, "new-task", [], { env });
  assertClean(stderr);
  const [, ...stack] = stderr.trimEnd().split("\n");
  assert.ok(stack.length > 2);
  for (const line of stack) assert.match(line, /^ +at (?!home)/);
});

for (const [what, words, env] of [
  ["TASK_QUEUE with line breaks", [], { TASK_QUEUE: "a\n [x] Done (0.0 s)\n\n\nb" }],
  ["--dot with line breaks", ["--dot", "5\n [x] Done (0.0 s)\n\n\n"], {}],
  ["--queue-type with line breaks", ["--queue-type", "a\n [x] Done (0.0 s)\n\n\n"], {}],
  ["an unknown option with line breaks", ["--a\n [x] Done (0.0 s)\n\n\n"], {}],
] as const)
  test(`${what}: an error of at most two lines, none of them the value's own`, async (t) => {
    const ended = await run(t, "worker", [...words], { env });
    assert.equal(ended.code, 2);
    assertFailed(ended);
    assert.doesNotMatch(ended.stderr, /^ \[x\] Done/m);
  });
