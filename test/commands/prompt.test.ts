import assert from "node:assert/strict";
import { existsSync, symlinkSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Running, run, script } from "../support/command.js";
import { ownTemporary } from "../support/own-temporary.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { adminUrl, openChannel, uniqueQueue } from "../support/queue.js";
import { standInBrowser } from "../support/stand-in-browser.js";

const pageOf = (queue: string): string => `${adminUrl}#/queues/%2F/${queue}`;

for (const answer of ["y", "Y"])
  test(`${answer} opens the queue's page, after the task was confirmed`, {
    skip: noPseudoTerminal,
  }, async (t) => {
    const queue = uniqueQueue(t);
    const browser = standInBrowser(t);
    const command = startInTerminal(t, "new-task", ["-q", queue, "one"], browser.env);
    await command.says("[y/N]");
    const channel = await openChannel(t);
    assert.equal((await channel.checkQueue(queue)).messageCount, 1, "stored before the question");
    assert.ok(command.stdout.includes(pageOf(queue)), "the URL is printed first");
    command.child.stdin?.write(answer);
    assert.equal((await command.ended).code, 0);
    assert.equal(await browser.page(), pageOf(queue));
  });

for (const [what, keys] of [
  ["Enter", "\r"],
  ["n", "n"],
  ["any other key", "m"],
  ["an arrow", "\x1b[A"],
  ["Ctrl-C", "\x03"],
  ["the end of input", "\x04"],
] as const)
  test(`${what} does not open it, and the exit code is 0`, { skip: noPseudoTerminal }, async (t) => {
    const browser = standInBrowser(t);
    const command = startInTerminal(t, "new-task", ["-q", uniqueQueue(t), "one"], browser.env);
    await command.says("[y/N]");
    command.child.stdin?.write(keys);
    assert.equal((await command.ended).code, 0);
    assert.ok(browser.untouched());
  });

/** A shell in a pseudo-terminal, with `new-task` as a command: its keys are what is written to it. */
function shell(t: TestContext) {
  const { env, outside } = ownTemporary(t);
  const running = new Running(t, "script", ["-qefc", "bash --norc --noprofile -i", "/dev/null"], {
    env: { TERM: "xterm", PS1: "$ ", TASK_QUEUE: uniqueQueue(t), HOME: outside, ...env },
  });
  running.child.stdin?.write(
    `new-task() { '${process.execPath}' '${script("new-task")}' --no-color "$@"; }; clear\r`,
  );
  return running;
}

for (const bracketed of ["on", "off"])
  test(`T6: three lines that are pasted at once all run, and the question is asked once (bracketed paste is ${bracketed})`, {
    skip: noPseudoTerminal,
  }, async (t) => {
    const terminal = shell(t);
    terminal.child.stdin?.write(`bind 'set enable-bracketed-paste ${bracketed}'; echo rea''dy\r`);
    await terminal.says("ready");
    const lines = "new-task First message.\rnew-task Second message..\rnew-task Third message...\r";
    terminal.child.stdin?.write(bracketed === "on" ? `\x1b[200~${lines}\x1b[201~\r` : lines);
    await terminal.says("[y/N]");
    if (bracketed === "off") assert.match(terminal.stdout, /Sent 'Third message/, "asked after the last one");
    terminal.child.stdin?.write("n");
    await terminal.says(/Sent 'Third message\.\.\.'[\s\S]*listening/);
    terminal.child.stdin?.write("echo the en''d\r");
    await terminal.says("the end");
    assert.equal(terminal.stdout.split("[y/N]").length - 1, 1, "asked once");
    assert.deepEqual(terminal.stdout.match(/Sent '\w+/g), ["Sent 'First", "Sent 'Second", "Sent 'Third"]);
    terminal.child.stdin?.write("exit\r");
    await terminal.ended;
  });

test("T6: one key answers, and what is typed after it is the shell's", {
  skip: noPseudoTerminal,
}, async (t) => {
  const terminal = shell(t);
  terminal.child.stdin?.write("new-task one\r");
  await terminal.says("[y/N]");
  terminal.child.stdin?.write("necho exit code $?\r");
  await terminal.says(/^exit code 0/m);
  terminal.child.stdin?.write("exit\r");
  await terminal.ended;
});

test("T8: in the background it does not ask, and is not stopped by the terminal", {
  skip: noPseudoTerminal,
}, async (t) => {
  const terminal = shell(t);
  terminal.child.stdin?.write("new-task in the background & wait $!; echo exit code $?\r");
  await terminal.says(/^exit code \d+|Stopped/m);
  assert.match(terminal.stdout, /Sent 'in the background'[\s\S]*^exit code 0/m);
  assert.doesNotMatch(terminal.stdout, /y\/N|Stopped/);
  // That was no question: the next one is asked.
  terminal.child.stdin?.write("new-task in the foreground\r");
  await terminal.says("[y/N]");
  terminal.child.stdin?.write("n");
  await terminal.says(/Sent 'in the foreground'/);
  terminal.child.stdin?.write("exit\r");
  await terminal.ended;
});

test("T6: a loop of five asks once", { skip: noPseudoTerminal }, async (t) => {
  const terminal = shell(t);
  terminal.child.stdin?.write("for n in 1 2 3 4 5; do new-task task $n; done; echo the en''d\r");
  await terminal.says("[y/N]");
  terminal.child.stdin?.write("n");
  await terminal.says("the end");
  assert.equal(terminal.stdout.split("[y/N]").length - 1, 1);
  assert.match(terminal.stdout, /Sent 'task 5'/);
  terminal.child.stdin?.write("exit\r");
  await terminal.ended;
});

test("a mark that is no file of this user's to write to is left as it is", {
  skip: noPseudoTerminal,
}, async (t) => {
  const { env, outside } = ownTemporary(t);
  const target = join(outside, "target");
  symlinkSync(target, join(env.TMPDIR, `task-queue-asked-${userInfo().uid}`));
  const command = startInTerminal(t, "new-task", ["-q", uniqueQueue(t), "one"], env);
  await command.says("[y/N]");
  command.child.stdin?.write("n");
  assert.equal((await command.ended).code, 0);
  assert.ok(!existsSync(target));
});

test("CI, --no-open and TASK_QUEUE_OPEN=no: it does not ask", { skip: noPseudoTerminal }, async (t) => {
  const queue = uniqueQueue(t);
  for (const [words, env] of [
    [[], { CI: "1" }],
    [["--no-open"], {}],
    [[], { TASK_QUEUE_OPEN: "no" }],
  ] as const) {
    const { code, stdout } = await startInTerminal(t, "new-task", ["-q", queue, ...words, "one"], env).ended;
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /y\/N|Admin UI/);
  }
});

test("--open and TASK_QUEUE_OPEN=yes open it without asking, even without a terminal", async (t) => {
  const queue = uniqueQueue(t);
  for (const [words, env] of [
    [["--open"], {}],
    [[], { TASK_QUEUE_OPEN: "yes" }],
  ] as const) {
    const browser = standInBrowser(t);
    const { stdout } = await run(t, "new-task", ["-q", queue, ...words, "one"], {
      env: { ...browser.env, ...env },
    });
    assert.ok(stdout.includes(`Admin UI: ${pageOf(queue)}`));
    assert.equal(await browser.page(), pageOf(queue));
  }
});

test("where no admin UI answers, it says how to enable it and opens nothing", async (t) => {
  const browser = standInBrowser(t);
  const words = ["-q", uniqueQueue(t), "--open", "--admin-url", "http://127.0.0.1:1", "one"];
  const { code, stdout } = await run(t, "new-task", words, { env: browser.env });
  assert.equal(code, 0);
  assert.match(stdout, /rabbitmq-plugins enable rabbitmq_management/);
  assert.ok(browser.untouched());
});

test("T3: a browser that cannot be started changes nothing, and that is told", async (t) => {
  const { code, stdout, stderr } = await run(t, "new-task", ["-q", uniqueQueue(t), "--open", "one"], {
    env: { BROWSER: "/no/such/browser", DISPLAY: ":99", PATH: "/no/such/path" },
  });
  assert.equal(code, 0);
  assert.match(stdout, /Admin UI: [^\n]*\nNo browser could be started \(.*\); open the URL above\.\n$/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test("with --json the page is named on stderr, and stdout has events only", async (t) => {
  const browser = standInBrowser(t);
  const { stdout, stderr } = await run(t, "new-task", ["-q", uniqueQueue(t), "--json", "--open", "one"], {
    env: browser.env,
  });
  assert.match(stderr, /Admin UI: http/);
  for (const line of stdout.trim().split("\n")) assert.equal(typeof JSON.parse(line).event, "string");
});

test("TASK_QUEUE_OPEN with another value is wrong usage", async (t) => {
  const { code, stderr } = await run(t, "new-task", ["one"], { env: { TASK_QUEUE_OPEN: "maybe" } });
  assert.equal(code, 2);
  assert.match(stderr, /ask, yes or no/);
});
