import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { run, start } from "../support/command.js";
import { frames, more } from "../support/frames.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { hasReady, openChannel, uniqueQueue } from "../support/queue.js";
import { statusOf } from "../support/status.js";

/** What the commands do while a broker is short of memory, measures nothing or is gone: one that is for this alone. */

const broker = await PrivateBroker.start();
test.after(() => broker.stop());
const { url } = broker;

/** A repeat within 100 ms counts as the same one, for npm passes signals on; this long after, it is a second. In ms. */
const LATER = 150;

/** While it is short of memory, the broker takes connections, but reads from no publisher and confirms nothing. */
const memory = (watermark: "0.0001" | "0.4") =>
  broker.run("rabbitmqctl", "set_vm_memory_high_watermark", watermark);

/** Until the test ends. */
function shortOfMemory(t: TestContext): void {
  memory("0.0001");
  t.after(() => memory("0.4"));
}

test("given up without a confirm, it says up to which line all is confirmed and which may or may not be stored", async (t) => {
  const queue = uniqueQueue(t, url);
  const words = ["-u", url, "-q", queue, "--file", "-", "--confirm-timeout", "1s"];
  const command = start(t, "new-task", words);
  command.child.stdin?.write("one\n\ntwo\n");
  await command.says("Sent 'two'");
  shortOfMemory(t);
  command.child.stdin?.write("three\nfour\n");
  const { code, stdout, stderr } = await command.ended;
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, /The broker accepts no tasks for now/);
  assert.match(stderr, /Not confirmed: 'three' \(line 4\).*may or may not be stored/);
  assert.match(stdout, /2 tasks sent and confirmed.*2 tasks not confirmed/);
  assert.match(
    stdout,
    / {5}Stored: lines 1 to 3; lines 4 to 5 may or may not be stored\.\n.*--from-line 4\n/,
  );
});

test("with nothing confirmed at all, it says that no line is, and the JSON has the same account", async (t) => {
  const queue = uniqueQueue(t, url);
  shortOfMemory(t);
  const words = ["-u", url, "-q", queue, "--file", "-", "--confirm-timeout", "1s"];
  const [told, json] = await Promise.all([
    run(t, "new-task", words, { stdin: "\none\n" }),
    run(t, "new-task", [...words, "--json"], { stdin: "one\ntwo\n" }),
  ]);
  assert.match(told.stdout, /^ {5}Line 2 may or may not be stored\.$/m);
  const [stopped = "", failed = ""] = json.stdout.trim().split("\n").slice(-2);
  const { complete, upToLine, doubtfulLines } = JSON.parse(stopped);
  assert.deepEqual([complete, upToLine, doubtfulLines], [false, 0, { from: 1, to: 2 }]);
  assert.equal(JSON.parse(failed).code, "CONFIRM_TIMEOUT");
});

test("Ctrl-C while the only task waits for its confirm is no failure once that has come", async (t) => {
  shortOfMemory(t);
  const command = start(t, "new-task", ["-u", url, "-q", uniqueQueue(t, url), "--json", "one"]);
  await command.recorder.first("blocked");
  command.child.kill("SIGINT");
  await command.says("Stopping");
  memory("0.4");
  const { code, stderr } = await command.ended;
  assert.equal(code, 0, stderr);
});

test("a publisher that gives up does not wait for more input", async (t) => {
  shortOfMemory(t);
  const words = ["-u", url, "-q", uniqueQueue(t, url), "--json", "--confirm-timeout", "1s", "--file", "-"];
  const command = start(t, "new-task", words);
  command.child.stdin?.write("one\n");
  assert.equal((await command.ended).code, 1);
  assert.match(command.stderr, /No confirm .* for 1 s/);
});

test("a publisher told twice leaves at once, and names what may or may not be stored", async (t) => {
  shortOfMemory(t);
  const command = start(t, "new-task", ["-u", url, "-q", uniqueQueue(t, url), "--json", "one"]);
  await command.recorder.first("blocked");
  command.child.kill("SIGINT");
  await command.says("Ctrl-C again leaves at once");
  await sleep(LATER);
  command.child.kill("SIGINT");
  assert.equal((await command.ended).code, 130);
  assert.match(command.recorder.all("task-unconfirmed")[0]?.reason ?? "", /may or may not be stored/);
});

test("status --watch says that the broker is gone, and goes on when it is back", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t, url);
  // Confirmed, so that it outlives the kill.
  assert.equal((await run(t, "new-task", ["-u", url, "-q", queue, "one"])).code, 0);
  const watch = ["status", "--watch", "-u", url, "-q", queue];
  const json = start(t, "task-queue", [...watch, "--json"]);
  const terminal = startInTerminal(t, "task-queue", [...watch, "--no-color"]);
  await json.says('"ready":1');
  await terminal.says("until Ctrl-C");
  broker.saveDeclarations();
  await broker.kill();
  await json.says(/ \[!\] Connection lost: /);
  const warned = () => / \[!\] /.test(frames(terminal).at(-1) ?? "");
  await terminal.until(warned, "a warning in the latest frame");
  await broker.restart();
  await more(json, '"ready":1', 2);
  await terminal.until(() => !warned(), "a frame without a warning");
  json.child.kill("SIGINT");
  terminal.child.stdin?.write("\x03");
  assert.deepEqual([(await json.ended).code, (await terminal.ended).code], [0, 0]);
});

test("status where the broker gathers no statistics, what the queue itself says is still known", async (t) => {
  const queue = uniqueQueue(t, url);
  const channel = await openChannel(t, url);
  await channel.assertQueue(queue, { durable: true });
  await channel.prefetch(2);
  await channel.consume(queue, () => {}, { consumerTag: "holder" });
  for (const text of ["one", "two", "three"]) channel.sendToQueue(queue, Buffer.from(text));
  await hasReady(channel, queue, 1);
  const gather = (off: boolean) =>
    broker.run(
      "rabbitmqctl",
      "eval",
      `application:set_env(rabbitmq_management_agent, disable_metrics_collector, ${off}).`,
    );
  gather(true);
  t.after(() => gather(false));
  const status = await statusOf(t, url, queue);
  const { ready, unacknowledged, type, workerCount, workers } = status;
  assert.deepEqual([ready, unacknowledged, type, workerCount, workers], [1, 2, "classic", 1, null]);
  assert.deepEqual(status.rates, { publish: null, ack: null });
  assert.match(status.unknownBecause ?? "", /says: Stats in management UI are disabled on this node/);
});
