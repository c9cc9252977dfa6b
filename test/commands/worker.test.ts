import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { run, start } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { eventually, eventuallyIs } from "../support/eventually.js";
import { brokerUrl, management, openChannel, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

test("it says what the tutorial's worker says", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["First message."], { queue });
  const { code, stdout } = await run(t, "worker", ["-q", queue, "--dot", "10ms", "--max-tasks", "1"]);
  assert.equal(code, 0);
  assert.match(stdout, /^ \[\*\] Waiting for messages\. To exit press CTRL\+C\n/);
  assert.match(stdout, /\n \[x\] Received 'First message\.'\n \[x\] Done \(\d+\.\d s\)\n/);
});

test("one second of work per dot", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["two.."], { queue });
  const worker = start(t, "worker", ["-q", queue, "--json", "--exit-when-empty"]);
  const { seconds } = await worker.recorder.first("task-done");
  assert.ok(seconds >= 2, `${seconds} s`);
  const [progress] = worker.recorder.all("task-progress");
  assert.equal(progress?.dotsDone, 1);
  assert.equal((await worker.ended).code, 0);
});

test("D10: idle again, it says again that it waits", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue });
  const worker = start(t, "worker", ["-q", queue]);
  await worker.says(/Done.*Waiting for messages/s);
});

test("two workers share five tasks, each task once", async (t) => {
  const queue = uniqueQueue(t);
  const words = ["-q", queue, "--json", "--dot", "50ms"];
  const workers = [start(t, "worker", words), start(t, "worker", words)];
  for (const { recorder } of workers) await recorder.first("consuming");
  for (const dots of [".", "..", "...", "....", "....."])
    assert.equal((await run(t, "new-task", ["-q", queue, `task${dots}`])).code, 0);
  const done = () => workers.map(({ recorder }) => recorder.all("task-done").map(({ task }) => task.text));
  await eventually("five tasks are done", () => done().flat().length >= 5);
  assert.equal(new Set(done().flat()).size, 5);
  for (const tasks of done()) assert.ok(tasks.length > 0, "both worked");
});

test("C9: a worker killed with -9 in mid-task: another gets the task, marked as redelivered", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["precious."], { queue });
  const doomed = start(t, "worker", ["-q", queue, "--json", "--dot", "1h"]);
  await doomed.recorder.first("task-received");
  doomed.child.kill("SIGKILL");
  const heir = start(t, "worker", ["-q", queue, "--dot", "0"]);
  await heir.says(" [x] Received 'precious.' (redelivered)");
  await heir.says("Done");
});

test("a quorum queue counts deliveries, and the Received line says so", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["precious."], { queue, queueType: "quorum" });
  const doomed = start(t, "worker", ["-q", queue, "--json", "--dot", "1h"]);
  await doomed.recorder.first("task-received");
  doomed.child.kill("SIGKILL");
  const heir = start(t, "worker", ["-q", queue, "--dot", "0"]);
  await heir.says("(redelivered, delivery 2)");
});

test("its name is the connection's name and the consumer tag in the admin UI", async (t) => {
  const queue = uniqueQueue(t);
  const name = `Zoë of ${queue}`;
  const worker = start(t, "worker", ["-q", queue, "--name", name, "--json"]);
  assert.equal((await worker.recorder.first("consuming")).name, name);
  type Detail = {
    consumer_details: { consumer_tag: string; prefetch_count: number; ack_required: boolean }[];
  };
  const details = await eventuallyIs("the management API lists a consumer", async () => {
    const found = await management<Detail>(`queues/%2F/${encodeURIComponent(queue)}`);
    return found.consumer_details?.length > 0 ? found.consumer_details : undefined;
  });
  assert.deepEqual(
    details.map(({ consumer_tag, prefetch_count, ack_required }) => [
      consumer_tag,
      prefetch_count,
      ack_required,
    ]),
    [[name, 1, true]],
  );
});

test("--concurrency works several at a time and names them when they are done", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["a.", "b."], { queue });
  const { stdout } = await run(t, "worker", ["-q", queue, "-c", "2", "--dot", "50ms", "--exit-when-empty"]);
  assert.match(stdout, /Received 'a\.'\n.*Received 'b\.'\n/);
  assert.match(stdout, /Done 'a\.'/);
});

test("T5: `worker | head -1` stops it without a stack, its task done or back in the queue", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one.", "two."], { queue });
  const worker = start(t, "worker", ["-q", queue, "--dot", "50ms"]);
  await worker.says("Waiting");
  worker.child.stdout?.destroy();
  const { code, stderr } = await worker.ended;
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /EPIPE|at .*\.js/);
  const channel = await openChannel(t);
  const { messageCount } = await channel.checkQueue(queue);
  assert.ok(messageCount <= 2);
});

test("T1: a hostile body is one line of visible escapes", async (t) => {
  const queue = uniqueQueue(t);
  const body = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\r [x] Done\n\u202egnp.exe\u0000";
  await publishAll([body], { queue });
  const { stdout } = await run(t, "worker", ["-q", queue, "--dot", "0", "--exit-when-empty"]);
  const received = stdout.split("\n").filter((line) => line.includes("Received"));
  assert.equal(received.length, 1);
  assert.match(received[0] ?? "", /\\x1b\]52.*\\x07\\x1b\[2J\\x9b31m\\x0d \[x\] Done\\x0a\\u\{202e\}gnp/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may get through.
  assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test("a body that is not UTF-8 is worked by its dots, shown by its bytes, and base64 in JSON", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true });
  channel.sendToQueue(queue, Buffer.from([0xff, 0x2e, 0xfe]));
  const worker = start(t, "worker", ["-q", queue, "--json", "--dot", "10ms", "--exit-when-empty"]);
  await worker.recorder.first("task-done");
  const line = worker.stdout.split("\n").find((one) => one.includes("task-received"));
  const { task } = JSON.parse(line ?? "{}");
  assert.deepEqual([task.base64, task.text, task.dots, task.bytes], ["/y7+", undefined, 1, 3]);
});

test("a connection that fell silent keeps no process alive once the worker has stopped", async (t) => {
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  const url = `amqp://127.0.0.1:${proxy.port}?heartbeat=1`;
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue });
  const worker = start(t, "worker", ["-q", queue, "-u", url, "--json"]);
  await worker.recorder.first("task-done");
  proxy.silence();
  await worker.recorder.nth("consuming", 2);
  worker.child.kill("SIGINT");
  assert.deepEqual(await worker.ended.then(({ code, stderr }) => [code, stderr]), [0, ""]);
});
