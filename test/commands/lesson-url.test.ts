import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { start } from "../support/command.js";
import { eventually } from "../support/eventually.js";
import { brokerUrl, management, openChannel } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

test("Ctrl-C in a lesson on the user's broker deletes its queue there", async (t) => {
  const words = ["lesson", "scale-out", "--dot", "1h", "--url", brokerUrl];
  const lesson = start(t, "task-queue", words);
  await lesson.says("Received 'a.'");
  lesson.child.kill("SIGINT");
  assert.equal((await lesson.ended).code, 130);
  // The list may be the one that was asked for just before (management plugin, db_cache_multiplier).
  await eventually("no queue of the lesson is left", async () => {
    const queues = await management<{ name: string }[]>("queues");
    return !queues.some(({ name }) => name.startsWith("lesson-scale-out"));
  });
});

test("a queue that cannot be deleted is named, with the reason and what to do", async (t) => {
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  const url = `amqp://127.0.0.1:${proxy.port}`;
  const lesson = start(t, "task-queue", ["lesson", "share-the-work", "--dot", "1h", "--url", url]);
  await lesson.says("Received 'First message.'");
  proxy.cut();
  lesson.child.kill("SIGINT");
  const { code, stderr } = await lesson.ended;
  assert.equal(code, 130);
  const [, queue = ""] =
    /^Queue '(lesson-share-the-work-\w+)' could not be deleted: .+\nWith .*: task-queue delete -q \1\nStopped\.\n$/.exec(
      stderr,
    ) ?? [];
  assert.notEqual(queue, "", stderr);
  await (await openChannel(t)).deleteQueue(queue);
});

test("the workers of a lesson that was killed go too, also those with nothing to do", async (t) => {
  const vhost = `lesson-${randomUUID()}`;
  await management(`vhosts/${vhost}`, { method: "PUT" });
  t.after(() => management(`vhosts/${vhost}`, { method: "DELETE" }));
  const url = `${brokerUrl}/${vhost}`;
  const words = ["lesson", "share-the-work", "--workers", "6", "--dot", "1h", "--url", url];
  const lesson = start(t, "task-queue", words);
  await lesson.says("Received 'Fifth message.....'");
  const [queue] = await management<{ name: string }[]>(`queues/${vhost}`);
  assert.ok(queue);
  const channel = await openChannel(t, url);
  assert.equal((await channel.checkQueue(queue.name)).consumerCount, 6);
  lesson.child.kill("SIGKILL");
  await eventually("no worker listens any more", async () => {
    const { consumerCount } = await channel.checkQueue(queue.name);
    return consumerCount === 0;
  });
});
