import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { run, start } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { deletedAfterwards, openChannel, readAllMessages, uniqueQueue } from "../support/queue.js";

/** A queue with these tasks, which is gone after the test, and so are its retry queues and dead letters. */
async function queueOf(t: TestContext, ...tasks: (string | Buffer)[]): Promise<string> {
  const queue = uniqueQueue(t);
  for (const name of ["retry.100ms", "dead"]) deletedAfterwards(t, `${queue}.${name}`);
  const channel = await openChannel(t);
  await channel.assertQueue(queue);
  for (const [at, task] of tasks.entries())
    channel.sendToQueue(queue, Buffer.from(task), { messageId: `task-${at + 1}`, persistent: true });
  await eventually(
    "the tasks are there",
    async () => (await channel.checkQueue(queue)).messageCount === tasks.length,
  );
  return queue;
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "work-command-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Whether a process is there, and no zombie. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid.trim()}/status`, "utf8"));
  } catch {
    return false;
  }
}

const once = ["--exit-when-empty", "--json", "--retry", "none"];

test("a command gets the body on stdin, and the task's name and number in its environment, but no AMQP_*", async (t) => {
  const body = Buffer.concat([
    Buffer.from('one "two"\n\0'),
    Buffer.from([0xff, 0xfe]),
    Buffer.alloc(300_000, "x"),
  ]);
  const queue = await queueOf(t, body);
  const path = folder(t);
  const script = `cat > ${path}/body; env > ${path}/env`;
  writeFileSync(join(path, "password"), "guest\n");
  const env = { AMQP_PASSWORD_FILE: join(path, "password"), MINE: "kept" };
  const { code } = await run(
    t,
    "worker",
    ["-q", queue, ...once, "--name", "kitchen", "--", "sh", "-c", script],
    { env },
  );
  assert.equal(code, 0);
  assert.deepEqual(readFileSync(join(path, "body")), body);
  const variables = new Map(
    readFileSync(join(path, "env"), "utf8")
      .split("\n")
      .map((line) => [line.split("=")[0] ?? "", line.split("=")[1] ?? ""]),
  );
  for (const [name, value] of Object.entries({
    ...{
      TASK_ID: "task-1",
      TASK_QUEUE: queue,
      TASK_BYTES: String(body.length),
      TASK_ATTEMPT: "1",
      TASK_REDELIVERED: "0",
      TASK_WORKER: "kitchen",
    },
    MINE: "kept",
  }))
    assert.equal(variables.get(name), value, name);
  assert.deepEqual(
    [...variables.keys()].filter((name) => name.startsWith("AMQP_")),
    [],
  );
});

test("{} in an argument is the body: blanks, quotes and $ stay as they are; what cannot be one is a dead letter", async (t) => {
  const text = "a  'b' \"c\" $HOME $& `d` -rf";
  const queue = await queueOf(t, text, Buffer.from("a\0b"), Buffer.from([0xff]), "x".repeat(131_072));
  const worker = start(t, "worker", ["-q", queue, ...once, "--", "printf", "%s|", "{}", "<{}{}>", "{", "}"]);
  assert.equal((await worker.ended).code, 1);
  assert.deepEqual(
    worker.recorder.all("task-output").map((event) => event.text),
    [`${text}|<${text}${text}>|{|}|`],
  );
  const dead = worker.recorder.all("task-dead").map(({ reason }) => reason.replace(/^.*: it /, ""));
  assert.deepEqual(dead, [
    "has a NUL in it",
    "is not valid UTF-8",
    "has 131072 bytes, and an argument at most 131071",
  ]);
});

test("exit codes: 65 and --dead-on are dead letters at once, others and signals are failed attempts", async (t) => {
  const queue = await queueOf(t, "65", "3", "4", "0", "KILL");
  const script = 'read what; case $what in KILL) kill -9 $$;; esac; echo "because $what" >&2; exit $what';
  const words = ["-q", queue, "--exit-when-empty", "--json", "--retry", "100ms", "--dead-on", "3,7"];
  const worker = start(t, "worker", [...words, "--", "sh", "-c", `${script}`]);
  worker.child.stdin?.end();
  assert.equal((await worker.ended).code, 1, "some of its tasks are dead letters");
  const failed = (text: string) =>
    worker.recorder
      .all("task-failed")
      .filter(({ task }) => task.text === text)
      .map(({ attempt, reason, retryInMs }) => [attempt, reason, retryInMs]);
  assert.deepEqual(failed("65"), [[1, "exit code 65: because 65", null]]);
  assert.deepEqual(failed("3"), [[1, "exit code 3: because 3", null]]);
  assert.deepEqual(failed("4"), [
    [1, "exit code 4: because 4", 100],
    [2, "exit code 4: because 4", null],
  ]);
  assert.deepEqual(failed("0"), []);
  assert.deepEqual(failed("KILL")[0], [1, "ended by SIGKILL: out of memory?", 100]);
  const letters = await readAllMessages(await openChannel(t), `${queue}.dead`);
  const found = letters.map(({ content, properties: { headers } }) => {
    const { exitCode, signal } = headers?.["x-failure"] ?? {};
    return [content.toString(), headers?.["x-attempt"], exitCode, signal];
  });
  assert.deepEqual(
    found.sort(([a], [b]) => String(a).localeCompare(String(b))),
    [
      ["3", 1, 3, undefined],
      ["4", 2, 4, undefined],
      ["65", 1, 65, undefined],
      ["KILL", 2, undefined, "SIGKILL"],
    ],
  );
});

test("126 and 127 are the worker's fault: the task goes back, and the worker says so and leaves with 1", async (t) => {
  for (const code of [126, 127]) {
    const queue = await queueOf(t, "one", "two");
    const ended = await run(t, "worker", [
      "-q",
      queue,
      "--",
      "sh",
      "-c",
      `echo no such thing >&2; exit ${code}`,
    ]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, new RegExp(`cannot be run: exit code ${code}: no such thing`));
    assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 2);
  }
});

test("a program that is missing, a folder, or not executable is an error before any task is taken", async (t) => {
  const queue = await queueOf(t, "one");
  const path = folder(t);
  writeFileSync(join(path, "plain"), "#!/bin/sh\n");
  for (const [program, message] of [
    ["no-such-program", 'There is no program "no-such-program" in PATH.'],
    [join(path, "none"), "does not exist."],
    [path, "is a directory."],
    [join(path, "plain"), "is not executable."],
  ] as const) {
    const { code, stdout, stderr } = await run(t, "worker", ["-q", queue, "--", program]);
    assert.deepEqual([code, stdout], [1, ""], program);
    assert.ok(stderr.includes(message), stderr);
    assert.match(stderr, /chmod \+x.*No task was taken/);
  }
  const env = { PATH: path };
  const { stderr } = await run(t, "worker", ["-q", queue, "--", "plain"], { env });
  assert.match(stderr, /plain" is not executable/);
  chmodSync(join(path, "plain"), 0o755);
  assert.equal((await run(t, "worker", ["-q", queue, ...once, "--", "plain"], { env })).code, 0);
});

test("a script whose interpreter is missing stops the worker, and the task is in the queue", async (t) => {
  const queue = await queueOf(t, "one");
  const path = join(folder(t), "script");
  writeFileSync(path, "#!/no/such/interpreter\n", { mode: 0o755 });
  const { code, stderr } = await run(t, "worker", ["-q", queue, "--", path]);
  assert.equal(code, 1);
  assert.match(stderr, /cannot be started.*ENOENT.*interpreter/);
  assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 1);
});

test("a command that never reads a body of 16 MiB is done like any other", async (t) => {
  const queue = await queueOf(t, Buffer.alloc(16 * 1024 * 1024, "x"));
  const worker = start(t, "worker", ["-q", queue, ...once, "--", "true"]);
  assert.equal((await worker.ended).code, 0);
  assert.equal(worker.recorder.all("task-done").length, 1);
});

test("what a command writes is printed line by line, marked, escaped and cut", async (t) => {
  const queue = await queueOf(t, "one");
  const script = String.raw`printf ' [x] Done (0.0 s)\n\033[2Jclear\r\n\377\nlast'; printf 'to stderr\n' >&2; head -c 9000 /dev/zero | tr '\0' y; echo`;
  const { code, stdout, stderr } = await run(t, "worker", [
    "-q",
    queue,
    "--exit-when-empty",
    "--",
    "sh",
    "-c",
    script,
  ]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^ {3}\| {2}\[x\] Done \(0\.0 s\)\n {3}\| \\x1b\[2Jclear\n {3}\| \ufffd\n {3}\| lasty{8188}…\n/m,
  );
  assert.equal(stderr, "   | to stderr\n");
  const several = await queueOf(t, "two");
  const named = await run(t, "worker", [
    "-q",
    several,
    "-c",
    "2",
    "--exit-when-empty",
    "--",
    "echo",
    "hello",
  ]);
  assert.match(named.stdout, /^ {3}'two' \| hello$/m);
});

test("--timeout: the whole group gets SIGTERM, then SIGKILL, and the attempt has failed", async (t) => {
  const queue = await queueOf(t, "one");
  const path = folder(t);
  const script = `trap '' TERM; sh -c 'trap "" TERM; echo $$ > ${path}/child; while :; do sleep 1; done' & echo $$ > ${path}/main; wait; wait`;
  const words = ["-q", queue, ...once, "--timeout", "500ms", "--kill-after", "300ms"];
  const worker = start(t, "worker", [...words, "--", "sh", "-c", script]);
  assert.equal((await worker.ended).code, 1);
  assert.match(worker.recorder.all("task-failed")[0]?.reason ?? "", /^took longer than 500ms/);
  for (const name of ["main", "child"]) {
    const pid = readFileSync(join(path, name), "utf8");
    assert.equal(isRunning(pid), false, name);
  }
});

test("a command that forks a child and exits is done, and the child is ended with it", async (t) => {
  const queue = await queueOf(t, "one");
  const path = folder(t);
  const script = `sleep 600 & echo $! > ${path}/child`;
  const worker = start(t, "worker", ["-q", queue, ...once, "--", "sh", "-c", script]);
  assert.equal((await worker.ended).code, 0);
  assert.equal(worker.recorder.all("task-done").length, 1);
  assert.equal(isRunning(readFileSync(join(path, "child"), "utf8")), false);
});

test("the first signal lets the command finish, the second ends its group and requeues the task", async (t) => {
  const queue = await queueOf(t, "one", "two");
  const path = folder(t);
  const script = `echo $$ > ${path}/$TASK_ID; while [ ! -e ${path}/go ]; do sleep 0.05; done`;
  const words = ["-q", queue, "--json", "--", "sh", "-c", script];
  const first = start(t, "worker", words);
  await first.recorder.first("task-received");
  await eventually("the command runs", async () => existsSync(join(path, "task-1")));
  first.child.kill("SIGINT");
  await first.recorder.first("stopping");
  writeFileSync(join(path, "go"), "");
  assert.equal((await first.ended).code, 0);
  assert.equal(first.recorder.all("task-done").length, 1, "its task is acknowledged");

  rmSync(join(path, "go"));
  const second = start(t, "worker", words);
  await eventually("the command runs", async () => existsSync(join(path, "task-2")));
  second.child.kill("SIGINT");
  await second.recorder.first("stopping");
  await new Promise((resolve) => setTimeout(resolve, 150)); // a repeat within 100 ms is the same Ctrl-C
  second.child.kill("SIGINT");
  assert.equal((await second.ended).code, 130);
  assert.equal(second.recorder.all("task-requeued").length, 1);
  assert.equal(isRunning(readFileSync(join(path, "task-2"), "utf8")), false);
  assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 1);
});

test("wrong usage of commands is refused, and says what to write", async (t) => {
  const cases: [string[], RegExp][] = [
    [["./resize"], /A command goes behind --: worker -- \.\/resize/],
    [["./resize", "--", "x"], /goes behind --/],
    [["--"], /no command behind --/],
    [["--dot", "1s", "--", "true"], /--dot is for the dots/],
    [["--auto-ack", "--", "true"], /--auto-ack/],
    [["--timeout", "1s"], /--timeout is for a command/],
    [["--retry", "none"], /--retry is for a command/],
    [["--kill-after", "1s"], /--kill-after is for a command/],
    [["--dead-on", "3"], /--dead-on is for a command/],
    [["--retry", "0s", "--", "true"], /at least 1ms/],
    [["--retry", "5", "--", "true"], /A duration is a number and a unit/],
    [["--dead-on", "0", "--", "true"], /from 1 to 255/],
  ];
  for (const [words, message] of cases) {
    const { code, stderr } = await run(t, "worker", words);
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, message);
  }
});

test("the tasks of 30 commands, ten at a time, leave no process, no file and no task behind", async (t) => {
  const queue = uniqueQueue(t);
  const path = folder(t);
  await publishAll(
    Array.from({ length: 30 }, (_, at) => `task ${at}`),
    { queue },
  );
  const script = `cat > ${path}/$TASK_ID; sleep 0.05`;
  const worker = start(t, "worker", ["-q", queue, ...once, "-c", "10", "--", "sh", "-c", script]);
  assert.equal((await worker.ended).code, 0);
  assert.equal(readdirSync(path).length, 30);
  const bodies = readdirSync(path).map((name) => readFileSync(join(path, name), "utf8"));
  assert.equal(new Set(bodies).size, 30);
});
