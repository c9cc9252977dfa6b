import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { type TestContext, test } from "node:test";
import { type CommandName, run, start } from "../support/command.js";
import { adminUrl, brokerUrl, openChannel, uniqueQueue } from "../support/queue.js";

const address = brokerUrl.replace("amqp://", "");

interface Case {
  what: string;
  url: string;
  code: 1 | 2;
  says: RegExp;
}

const cases: Case[] = [
  { what: "N1: a closed port", url: "amqp://localhost:1", code: 1, says: /localhost:1 .*ECONNREFUSED/ },
  {
    what: "N6: a wrong password",
    url: `amqp://guest:s3cret@${address}`,
    code: 1,
    says: /refuses user "guest"/,
  },
  { what: "N5: an unknown vhost", url: `${brokerUrl}/nowhere`, code: 1, says: /"nowhere" does not exist/ },
  {
    what: "N7: the admin UI's port",
    url: adminUrl.replace("http:", "amqp:"),
    code: 1,
    says: /or it is no AMQP port/,
  },
  { what: "N3: a # in the password", url: `amqp://guest:s3#cret@${address}`, code: 2, says: /%23/ },
  { what: "an https URL", url: "https://localhost", code: 2, says: /https:\/\// },
  { what: "TLS on a plain port", url: `amqps://guest:s3cret@${address}`, code: 1, says: /TLS with/ },
  { what: "an unknown host", url: "amqp://u:s3cret@no-such-host.invalid", code: 1, says: /not known/ },
];

for (const command of ["new-task", "worker"] as const)
  for (const { what, url, code, says } of cases)
    test(`${command}: ${what} is an error of one or two lines, with a remedy and without a password`, async (t) => {
      const ended = await run(t, command, ["--url", url]);
      assert.equal(ended.code, code);
      assert.match(ended.stderr, says);
      const lines = ended.stderr.trim().split("\n");
      assert.ok(lines.length === 2, ended.stderr);
      assert.doesNotMatch(ended.stdout + ended.stderr, /s3|cret|\.js:\d+|\n\s+at /);
    });

/** A server that answers every connection the same way: no broker does that on demand. */
async function scriptedServer(t: TestContext, answer: string): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    if (answer !== "") socket.write(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const at = server.address();
  assert.ok(typeof at === "object" && at !== null);
  return `amqp://127.0.0.1:${at.port}`;
}

test("N2: a server that never answers is given up after the connect timeout", async (t) => {
  const { code, stderr } = await run(t, "new-task", ["--url", await scriptedServer(t, "")]);
  assert.equal(code, 1);
  assert.match(stderr, /did not open an AMQP connection in time/);
});

test("N7: a server that answers in HTTP is recognised", async (t) => {
  const url = await scriptedServer(t, "HTTP/1.1 400 Bad Request\r\n\r\n");
  const { code, stderr } = await run(t, "new-task", ["--url", url]);
  assert.equal(code, 1);
  assert.match(stderr, /speaks HTTP, not AMQP/);
});

test("a server's text reaches the terminal with its escapes made visible", async (t) => {
  const { stderr } = await run(t, "new-task", [
    "--url",
    await scriptedServer(t, "\x1b]0;owned\x07".repeat(9)),
  ]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may get through.
  assert.doesNotMatch(stderr, /[\u0000-\u0009\u000b-\u001f]/);
});

for (const command of ["new-task", "worker"] as const)
  test(`${command} --json: an error is the last event, and its lines are on stderr`, async (t) => {
    const { code, stdout, stderr } = await run(t, command, ["-u", "amqp://localhost:1", "--json"]);
    assert.equal(code, 1);
    const { at, name, message, ...rest } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    assert.match(at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.match(name, new RegExp(`^${command}@.*:\\d+$`));
    const [first = "", remedy = ""] = stderr.split("\n");
    assert.equal(first, `Error: ${message}`);
    assert.deepEqual(rest, { event: "error", code: "UNREACHABLE", remedy });
  });

test("--json: wrong usage is an event too, with --name where there is one, and without a password", async (t) => {
  for (const [words, says] of [
    [["--json", "--uri=amqp://u:s3cret@h"], /unknown option/],
    [["-u", "amqp://u:s3#cret@h", "--json", "--name", "kitchen"], /percent-encoded/],
  ] as const) {
    const { code, stdout, stderr } = await run(t, "worker", [...words]);
    assert.equal(code, 2);
    const { event, code: kind, message, name } = JSON.parse(stdout);
    assert.equal(event, "error");
    assert.match(kind, /^(USAGE|BAD_URL)$/);
    assert.match(message, says);
    if (words.includes("kitchen" as never)) assert.equal(name, "kitchen");
    assert.doesNotMatch(stdout + stderr, /s3|cret/);
  }
});

test("a worker that an error keeps from starting does not tell what it did", async (t) => {
  const { stdout } = await run(t, "worker", ["-u", "amqp://localhost:1"]);
  assert.equal(stdout, "");
});

test("--wait keeps trying until its time is over", async (t) => {
  const { code, stdout } = await run(t, "new-task", [
    "-u",
    "amqp://127.0.0.1:1",
    "--wait",
    "500ms",
    "--json",
  ]);
  assert.equal(code, 1);
  assert.ok(stdout.split("\n").filter((line) => line.includes('"reconnecting"')).length >= 2);
});

test("--explain tells of no connection's end where there was none", async (t) => {
  const { stdout } = await run(t, "worker", ["-u", "amqp://127.0.0.1:1", "--explain"]);
  assert.doesNotMatch(stdout, /connection\.close/);
});

test("--wait does not wait for what waiting cannot mend", async (t) => {
  const { code, stdout } = await run(t, "worker", ["-u", `${brokerUrl}/nowhere`, "--wait", "1h", "--json"]);
  assert.equal(code, 1);
  assert.doesNotMatch(stdout, /reconnecting/);
});

test("a queue that is not durable is an error with both values and the ways out", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: false });
  // A password of the URL's is in no command to be copied.
  const url = brokerUrl.replace("//", "//guest:guest@");
  const { code, stderr } = await run(t, "worker", ["-q", queue, "-u", url]);
  assert.equal(code, 1);
  assert.match(stderr, /durable = false; a work queue needs durable = true/);
  assert.ok(
    stderr.includes(
      `(--queue other), or delete this one if it is not needed: task-queue delete --url ${brokerUrl} -q ${queue}\n`,
    ),
  );
});

const wrong: { command: CommandName; words: string[]; says: RegExp }[] = [
  { command: "worker", words: ["--dot", "5"], says: /number and a unit/ },
  { command: "worker", words: ["-c", "0"], says: /from 1 to 65535/ },
  { command: "new-task", words: ["--confirm-timeout", "0"], says: /--confirm-timeout.* at least 1ms/ },
  { command: "new-task", words: ["--ttl", "1.5ms"], says: /--ttl.* whole number of milliseconds/ },
  { command: "worker", words: ["--prefetch", "1.5"], says: /whole number/ },
  { command: "worker", words: ["--queue-type", "stream"], says: /classic, quorum/ },
  { command: "worker", words: ["extra"], says: /A command goes behind --/ },
  { command: "worker", words: ["-q", ""], says: /must not be empty/ },
  { command: "new-task", words: ["--nope"], says: /unknown option/ },
  { command: "new-task", words: ["-f", "x", "word"], says: /a message or --file, not both/ },
  { command: "new-task", words: ["--admin-url", "http://a:b@host"], says: /must not contain a user/ },
  { command: "worker", words: ["-c", "2", "--prefetch", "1"], says: /never sends the 2 tasks/ },
  { command: "worker", words: ["--auto-ack", "--max-tasks", "1"], says: /would be lost/ },
  { command: "worker", words: ["-q", "a\nb"], says: /line breaks/ },
  { command: "worker", words: ["--grace", "1000h"], says: /at most 596h/ },
  { command: "task-queue", words: ["lesson", "nope"], says: /share-the-work/ },
  { command: "task-queue", words: ["nope"], says: /unknown command/ },
];
for (const { command, words, says } of wrong)
  test(`wrong usage exits with 2: ${command} ${JSON.stringify(words)}`, async (t) => {
    const { code, stdout, stderr } = await run(t, command, words);
    assert.equal(code, 2);
    assert.match(stderr, says);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /a:b@/, "no password of a URL");
  });

test("a password in an option that does not exist, or in the wrong place, is not repeated", async (t) => {
  const url = "amqp://u:s3cret@localhost:1";
  for (const words of [
    [`--uri=${url}`],
    ["--password=s3cret"],
    [`-x${url}`],
    ["--ask-password=s3cret"],
    ["--queue-type", url],
    ["--dot", url],
  ]) {
    const { code, stdout, stderr } = await run(t, "worker", words);
    assert.equal(code, 2);
    assert.doesNotMatch(stdout + stderr, /s3cret/, words[0]);
    assert.match(stderr, /^error: .*\nSee worker --help\./);
  }
});

test("T5: help whose reader goes away leaves no stack", async (t) => {
  const help = start(t, "worker", ["--help"]);
  help.child.stdout?.destroy();
  assert.equal((await help.ended).stderr, "");
});

test("a file that is not there is named", async (t) => {
  const { code, stderr } = await run(t, "new-task", ["-f", "no-such.csv"]);
  assert.equal(code, 1);
  assert.match(stderr, /"no-such\.csv": no such file/);
});

test("an empty variable counts as not set", async (t) => {
  const { code } = await run(t, "new-task", ["-u", "amqp://localhost:1"], {
    env: { TASK_QUEUE: "", TASK_QUEUE_OPEN: "" },
  });
  assert.equal(code, 1);
});

test("a stack is shown with DEBUG only", async (t) => {
  const { stderr } = await run(t, "worker", ["-u", "amqp://localhost:1"], { env: { DEBUG: "1" } });
  assert.match(stderr, /\n\s+at /);
});
