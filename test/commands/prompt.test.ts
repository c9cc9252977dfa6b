import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../support/command.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { adminUrl, openChannel, uniqueQueue } from "../support/queue.js";
import { standInBrowser } from "../support/stand-in-browser.js";

const pageOf = (queue: string): string => `${adminUrl}#/queues/%2F/${queue}`;

for (const answer of ["y", "YES"])
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
    command.child.stdin?.write(`${answer}\r`);
    assert.equal((await command.ended).code, 0);
    assert.equal(await browser.page(), pageOf(queue));
  });

test("nothing is written over the question", { skip: noPseudoTerminal }, async (t) => {
  const command = startInTerminal(t, "new-task", ["-q", uniqueQueue(t), "--no-color", "one"]);
  await command.says("[y/N]");
  command.child.stdin?.write("\r");
  const { stdout } = await command.ended;
  // Readline writes the question and puts the cursor behind it; nothing may send it back to the first column.
  const afterwards = stdout.slice(stdout.indexOf("[y/N]")).replaceAll("\x1b[1G\x1b[0J", "");
  assert.ok(!afterwards.includes("\x1b[1G"), JSON.stringify(afterwards));
});

for (const [what, keys] of [
  ["Enter", "\r"],
  ["n", "n\r"],
  ["anything else", "maybe\r"],
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

test("T3: a browser that cannot be started changes nothing, and its failure is not waited for", async (t) => {
  const { code, stdout, stderr } = await run(t, "new-task", ["-q", uniqueQueue(t), "--open", "one"], {
    env: { BROWSER: "/no/such/browser", DISPLAY: ":99", PATH: "/no/such/path" },
  });
  assert.equal(code, 0);
  assert.match(stdout, /Admin UI: [^\n]*\n$/);
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
