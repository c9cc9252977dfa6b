import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { start } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { brokerUrl, openChannel, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

const CTRL_C = "\x03";

/** A repeat within 100 ms counts as the same one, for npm passes signals on; this long after, it is a second. In ms. */
const LATER = 150;

test("C4: Ctrl-C once finishes the task in hand, acknowledges it, and leaves with 0", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["precious.", "next."], { queue });
  const worker = startInTerminal(t, "worker", ["-q", queue, "--dot", "700ms"]);
  await worker.says("Received 'precious.'");
  worker.child.stdin?.write(CTRL_C);
  await worker.says(/finishing 1 task in hand\. Ctrl-C again requeues it/);
  const { code, stdout } = await worker.ended;
  assert.equal(code, 0);
  assert.match(stdout, /Done.*Stopped: 1 task done/s);
  const channel = await openChannel(t);
  const next = await channel.get(queue);
  assert.ok(next);
  assert.deepEqual([next.content.toString(), next.fields.messageCount], ["next.", 0]);
});

test("Ctrl-C twice requeues the task and leaves at once with 130", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["precious."], { queue });
  const worker = startInTerminal(t, "worker", ["-q", queue, "--dot", "1h"]);
  await worker.says("Received 'precious.'");
  worker.child.stdin?.write(CTRL_C);
  await worker.says("Ctrl-C again");
  await sleep(LATER);
  worker.child.stdin?.write(CTRL_C);
  const { code, stdout } = await worker.ended;
  assert.equal(code, 130);
  assert.match(stdout, /Requeued 'precious\.'/);
  const channel = await openChannel(t);
  assert.equal((await channel.checkQueue(queue)).messageCount, 1);
});

test("on a terminal, a transient line shows the task in hand and its dots going by", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["dots..."], { queue });
  const worker = startInTerminal(t, "worker", ["-q", queue, "--dot", "1s", "--exit-when-empty"]);
  await worker.says("●○○ dots...");
  await worker.says("●●○ dots...");
  await worker.ended;
});

test("a terminal that does not know its width gets no transient line, and no flood of escapes", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["dots..."], { queue });
  const words = ["-q", queue, "--dot", "50ms", "--exit-when-empty"];
  const { code, stdout } = await startInTerminal(t, "worker", words, {}, 0).ended;
  assert.equal(code, 0);
  assert.ok(stdout.length < 1_000);
});

test("--no-color and NO_COLOR write no colours to a terminal, otherwise there are some", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t);
  const colour = "\x1b[36m[*]";
  const words = ["-q", queue, "--exit-when-empty"];
  const plain = { TERM: "xterm-256color" };
  assert.ok((await startInTerminal(t, "worker", words, plain).ended).stdout.includes(colour));
  const off = startInTerminal(t, "worker", [...words, "--no-color"], plain);
  assert.ok(!(await off.ended).stdout.includes(colour));
  const env = startInTerminal(t, "worker", words, { ...plain, NO_COLOR: "1" });
  assert.ok(!(await env.ended).stdout.includes(colour));
});

for (const [signal, forced] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
  ["SIGHUP", 129],
] as const) {
  test(`${signal} finishes the task; with --grace it is requeued in time, exit code ${forced}`, async (t) => {
    const queue = uniqueQueue(t);
    await publishAll(["short."], { queue });
    const patient = start(t, "worker", ["-q", queue, "--json", "--dot", "300ms"]);
    await patient.recorder.first("task-received");
    patient.child.kill(signal);
    assert.equal((await patient.ended).code, 0);
    assert.equal(patient.recorder.all("task-done").length, 1);

    await publishAll(["long."], { queue });
    const limited = start(t, "worker", ["-q", queue, "--json", "--dot", "1h", "--grace", "100ms"]);
    await limited.recorder.first("task-received");
    limited.child.kill(signal);
    assert.equal((await limited.ended).code, forced);
    assert.equal(limited.recorder.all("task-requeued").length, 1);
  });
}

test("a publisher without a connection leaves at the first signal when nothing is in flight", async (t) => {
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  const words = ["-u", `amqp://127.0.0.1:${proxy.port}`, "-q", uniqueQueue(t), "--json", "--file", "-"];
  const command = start(t, "new-task", words);
  command.child.stdin?.write("one\n");
  await command.recorder.first("task-confirmed");
  proxy.cut();
  await command.recorder.nth("reconnecting", 2);
  command.child.stdin?.write("two\n");
  command.child.kill("SIGINT");
  assert.equal((await command.ended).code, 1);
  assert.match(command.stderr, /Stopped: 1 task is confirmed, what follows was not sent/);
});

test("--auto-ack does not promise to requeue what it cannot", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["doomed."], { queue });
  const worker = start(t, "worker", ["-q", queue, "--auto-ack", "--explain", "--dot", "1h"]);
  await worker.says("Received 'doomed.'");
  assert.doesNotMatch(worker.stdout, /Fair dispatch|keeps it until/);
  worker.child.kill("SIGINT");
  await worker.says("Ctrl-C again leaves at once, and loses it");
});

test("a worker that waits for its broker leaves at the first signal", async (t) => {
  const worker = start(t, "worker", ["-u", "amqp://127.0.0.1:1", "--wait", "1h", "--json"]);
  await worker.recorder.first("reconnecting");
  worker.child.kill("SIGTERM");
  assert.equal((await worker.ended).code, 0);
});

test("a publisher told to stop confirms what it has sent, says where it stopped, and leaves with 1", async (t) => {
  const queue = uniqueQueue(t);
  const command = start(t, "new-task", ["-q", queue, "--json", "--file", "-"]);
  command.child.stdin?.write("one\ntwo\n");
  await command.recorder.nth("task-confirmed", 2);
  command.child.kill("SIGINT");
  const { code, stderr } = await command.ended;
  assert.equal(code, 1);
  assert.match(stderr, /Stopped: 2 tasks are confirmed, what follows was not sent/);
});
