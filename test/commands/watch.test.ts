import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { run, start } from "../support/command.js";
import { frames, more } from "../support/frames.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { deletedAfterwards, openChannel, brokerUrl as url } from "../support/queue.js";
import type { StatusJson } from "../support/status.js";

/** A queue of that name with one task in it; deleted with the test. */
async function queueWithTask(t: TestContext, queue: string): Promise<string> {
  deletedAfterwards(t, queue);
  assert.equal((await run(t, "new-task", ["-q", queue, "one"])).code, 0);
  return queue;
}

const watch = (queue: string, ...words: string[]) => ["status", "--watch", "-q", queue, ...words];

test("on a terminal it is drawn again in the same place, and Ctrl-C leaves with 0", {
  skip: noPseudoTerminal,
}, async (t) => {
  const command = startInTerminal(t, "task-queue", watch(await queueWithTask(t, "drawn"), "--no-color"));
  await command.says("until Ctrl-C");
  await more(command, "until Ctrl-C", 2);
  command.child.stdin?.write("\x03");
  assert.equal((await command.ended).code, 0);
  const drawn = frames(command);
  assert.ok(drawn.length >= 3);
  const rows = (frame: string) => frame.split("\n").length - 1;
  drawn.forEach((frame, at) => {
    const up = at === 0 ? "" : `\x1b[${rows(drawn[at - 1] ?? "")}F`;
    assert.ok(frame.startsWith(`${up}Queue 'drawn'`), `as many rows up as were drawn before: ${frame}`);
    // Nothing is wiped before it is written over, and there is nothing to restore afterwards.
    assert.ok(!frame.slice(up.length).includes("\x1b"), frame);
    assert.match(frame, /\n {2}ready {11}1\n/);
  });
});

test("thirty workers on 24 rows: the hints and the age of the numbers stay, the list is cut", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = await queueWithTask(t, "crowded");
  const channel = await openChannel(t);
  for (let one = 1; one <= 30; one++)
    await channel.consume(queue, () => {}, { consumerTag: `a-worker-of-the-crowd@a-host-of-many:${one}` });
  const command = startInTerminal(t, "task-queue", watch(queue, "--no-color"), {}, 60);
  const whole = () =>
    frames(command).find((frame) => frame.includes("no limit") && !frame.includes("come and go"));
  await command.until(() => whole() !== undefined);
  command.child.stdin?.write("\x03");
  await command.ended;
  const lines = (whole() ?? "").split("\n").slice(0, -1);
  assert.equal(lines.length, 22, "as many as there are, but for the cursor's and one that stays free");
  const at = (text: string) => lines.findIndex((line) => line.includes(text));
  assert.ok(at("[!] A worker without a prefetch limit") > at("ready"), lines.join("\n"));
  assert.ok(at("[!] A worker") < at("a-worker-of"), "the hints above the list");
  const shown = lines.filter((line) => /^ {2}a-worker-of.*…/.test(line));
  assert.match(shown[0] ?? "", /:1 /, "its end tells one from another");
  assert.equal(lines[at("more workers")], `  … and ${30 - shown.length} more workers`);
  assert.match(lines.slice(-2).join(" "), / Exact: .* Up to 10 s old: /);
});

test("without a terminal it is one block after another, with no escape sequence", async (t) => {
  const command = start(t, "task-queue", watch(await queueWithTask(t, "blocks")));
  await command.says("until Ctrl-C");
  await more(command, "until Ctrl-C", 1);
  command.child.kill("SIGINT");
  const { code, stdout } = await command.ended;
  assert.equal(code, 0);
  assert.ok(!stdout.includes("\x1b"));
  for (const block of stdout.trimEnd().split(/\n\n(?=Queue)/))
    assert.match(block, /^Queue 'blocks'.*\n {2}As of \d\d:\d\d:\d\d; every second/);
});

test("with --json it is one object a line, once a second", async (t) => {
  const command = start(t, "task-queue", watch(await queueWithTask(t, "objects"), "--json"));
  await more(command, "\n", 3);
  command.child.kill("SIGTERM");
  const { code, stdout, stderr } = await command.ended;
  assert.deepEqual([code, stderr], [0, ""]);
  const looks = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as StatusJson);
  for (const look of looks) assert.deepEqual([look.queue, look.ready], ["objects", 1]);
  const times = looks.map(({ at }) => Date.parse(at));
  for (const [at, time] of times.entries())
    assert.ok(at === 0 || time > (times[at - 1] ?? 0), "each later than the one before");
});

test("a reader that goes away ends it", async (t) => {
  const command = start(t, "task-queue", watch(await queueWithTask(t, "unread"), "--json"));
  await command.says('"ready"');
  command.child.stdout?.destroy();
  assert.equal((await command.ended).code, 0);
});

test("a queue deleted meanwhile is named once, and watched again when it is back", async (t) => {
  const command = start(t, "task-queue", watch(await queueWithTask(t, "comes and goes"), "--json"));
  await command.says('"ready":1');
  const channel = await openChannel(t);
  await channel.deleteQueue("comes and goes");
  await command.says('[!] There is no queue "comes and goes".');
  // Another watch is the clock: meanwhile this one has looked again.
  const clock = start(t, "task-queue", watch(await queueWithTask(t, "clock"), "--json"));
  await more(clock, "\n", 3);
  await channel.assertQueue("comes and goes", { durable: true });
  await command.says('"ready":0');
  command.child.kill("SIGINT");
  const { code, stderr } = await command.ended;
  assert.deepEqual([code, stderr], [0, ' [!] There is no queue "comes and goes".\n']);
});

test("a wrong password is final at once, as without --watch", async (t) => {
  const wrong = url.replace("amqp://", "amqp://guest:s3cret@");
  const words = ["status", "--watch", "-u", wrong, "-q", "any"];
  const { code, stdout, stderr } = await start(t, "task-queue", words).ended;
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^Error: .*refuses user "guest"/m);
});
