import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { run, start } from "../support/command.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { adminUrl, brokerUrl, management } from "../support/queue.js";

const user = "jörg@home";
const password = "pä ß:/#?%@,x";
const own = `users/${encodeURIComponent(user)}`;
const put = (path: string, body: object) => management(path, { method: "PUT", body: JSON.stringify(body) });
await put(own, { password, tags: "" });
await put(`permissions/%2F/${encodeURIComponent(user)}`, { configure: ".*", write: ".*", read: ".*" });
test.after(() => management(own, { method: "DELETE" }));

const host = brokerUrl.replace("amqp://", "");
const withPassword = `amqp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}`;
const withoutPassword = `amqp://${encodeURIComponent(user)}@${host}`;

/** The password in any form in which it could be printed. */
const leaks = (text: string): boolean =>
  [password, encodeURIComponent(password), "pä ß", "p%C3%A4"].some((form) => text.includes(form));

async function passwordFile(t: TestContext, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "password-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "password"), content);
  return join(folder, "password");
}

test("N4: a password that is not ASCII logs in, percent-encoded as UTF-8, and no output shows it", async (t) => {
  for (const words of [[], ["--json"], ["--explain"], ["--open", "--admin-url", adminUrl]]) {
    // No browser is to be had: the page is only told.
    const env = { PATH: "" };
    const { code, stdout, stderr } = await run(t, "new-task", ["-u", withPassword, ...words, "one"], { env });
    assert.equal(code, 0, stderr);
    assert.ok(!leaks(stdout + stderr), stdout + stderr);
  }
});

test("the password is not in the process list once the command runs", async (t) => {
  const worker = start(t, "worker", ["-u", withPassword, "--json"]);
  await worker.recorder.first("consuming");
  const shown = readFileSync(`/proc/${worker.child.pid}/cmdline`, "utf8");
  assert.match(shown, /worker\.js -u amqp:\/\/…/);
  assert.ok(!leaks(shown), shown);
});

test("a password may come from a file's first line, with and without a line break behind it", async (t) => {
  for (const end of ["", "\n", "\r\n", "\nsecond line\n"]) {
    const path = await passwordFile(t, `${password}${end}`);
    const { code, stdout, stderr } = await run(t, "new-task", [
      "-u",
      withoutPassword,
      "--explain",
      "--password-file",
      path,
      "one",
    ]);
    assert.equal(code, 0, stderr);
    assert.ok(!leaks(stdout + stderr));
  }
  const env = { AMQP_URL: withoutPassword, AMQP_PASSWORD_FILE: await passwordFile(t, password) };
  assert.equal((await run(t, "worker", ["--exit-when-empty"], { env })).code, 0);
});

test("a password file that is not there, or with another password, is an error that shows no password", async (t) => {
  const missing = await run(t, "new-task", ["-u", withoutPassword, "--password-file", "/nowhere", "one"]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^Error: Cannot read "\/nowhere": no such file\.\n$/);
  const wrong = await passwordFile(t, "s3cret");
  const { code, stderr } = await run(t, "new-task", ["-u", withoutPassword, "--password-file", wrong, "one"]);
  assert.equal(code, 1);
  assert.match(stderr, /refuses user "jörg@home"/);
  assert.doesNotMatch(stderr, /s3cret/);
});

test("--ask-password asks on a terminal and does not show what is typed", {
  skip: noPseudoTerminal,
}, async (t) => {
  const command = startInTerminal(t, "new-task", [
    "-u",
    withoutPassword,
    "--ask-password",
    "--no-open",
    "one",
  ]);
  await command.says("Password: ");
  command.child.stdin?.write(`${password}\r`);
  const { code, stdout } = await command.ended;
  assert.equal(code, 0, stdout);
  assert.match(stdout, /Sent 'one'/);
  assert.ok(!leaks(stdout), stdout);
});

test("Ctrl-C at the password prompt sends nothing and leaves with 1", {
  skip: noPseudoTerminal,
}, async (t) => {
  const command = startInTerminal(t, "new-task", ["-u", withoutPassword, "--ask-password", "one"]);
  await command.says("Password: ");
  command.child.stdin?.write("\x03");
  const { code, stdout } = await command.ended;
  assert.equal(code, 1);
  assert.match(stdout, /No password was given/);
});

test("--ask-password for a URL that has a password is wrong usage", async (t) => {
  const { code, stderr } = await run(t, "new-task", ["-u", withPassword, "--ask-password", "one"]);
  assert.equal(code, 2);
  assert.match(stderr, /for a URL without a password; this one has one/);
});

test("--ask-password without a terminal is wrong usage that names the other way", async (t) => {
  const { code, stderr } = await run(t, "new-task", ["-u", withoutPassword, "--ask-password", "one"]);
  assert.equal(code, 2);
  assert.match(stderr, /--password-file/);
});

test("guest with its well-known password over a plain connection to another machine is warned of", async (t) => {
  const far = await run(t, "new-task", ["-u", "amqp://no-such-host.invalid", "one"]);
  assert.match(far.stderr, /^ \[!\] Logging in as guest .* unencrypted, to no-such-host\.invalid:5672/);
  const others = ["amqps://no-such-host.invalid", "amqp://u:p@no-such-host.invalid", "amqp://127.0.0.1:1"];
  for (const url of others)
    assert.doesNotMatch((await run(t, "new-task", ["-u", url, "one"])).stderr, /\[!\]/, url);
});
