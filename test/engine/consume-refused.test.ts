import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { isAtLeast } from "../support/broker.js";
import { publishAll, startConsumer } from "../support/engine.js";
import { brokerUrl, management, openChannel, uniqueQueue } from "../support/queue.js";

const refusesOnClassic = await isAtLeast(4, 3);
const ignored = refusesOnClassic ? false : "before RabbitMQ 4.3 no queue refuses x-consumer-timeout";

test("a queue that another consumer has for itself is reported as that, and waited for with waitMs", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true });
  const { consumerTag } = await channel.consume(queue, () => {}, { exclusive: true });
  const refused = startConsumer(t, { queue });
  await assert.rejects(refused.consumer.finished, { code: "QUEUE_UNAVAILABLE", message: /exclusive/ });
  assert.deepEqual(refused.recorder.all("consuming"), []);

  const { recorder } = startConsumer(t, { queue, waitMs: 60_000 });
  await recorder.first("reconnecting");
  await channel.cancel(consumerTag);
  await recorder.first("consuming");
});

test("a user who may not read the queue is refused as that, and it is never reported as consuming", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue });
  const user = `no-reader-${randomUUID()}`;
  const put = (path: string, body: object) => management(path, { method: "PUT", body: JSON.stringify(body) });
  await put(`users/${user}`, { password: "none", tags: "" });
  t.after(() => management(`users/${user}`, { method: "DELETE" }));
  await put(`permissions/%2F/${user}`, { configure: ".*", write: ".*", read: "" });
  const urls = [new BrokerUrl(brokerUrl.replace("//", `//${user}:none@`))];
  const { consumer, recorder } = startConsumer(t, { queue, urls });
  await assert.rejects(consumer.finished, {
    code: "QUEUE_REFUSED",
    message: /access to queue .* refused for user/,
  });
  assert.deepEqual(recorder.all("consuming"), []);
});

test("a consumer timeout for a classic queue is an error that names the queue's type as the reason", {
  skip: ignored,
}, async (t) => {
  const queue = uniqueQueue(t);
  const { consumer, recorder } = startConsumer(t, {
    queue,
    queueType: "classic",
    consumerTimeoutMs: 7_200_000,
  });
  await assert.rejects(consumer.finished, { code: "CONSUME_REFUSED", message: /only quorum queues/ });
  assert.deepEqual(recorder.all("consuming"), []);
});

test("a quorum queue that comes back as a classic one ends a worker with a consumer timeout, once", {
  skip: ignored,
}, async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
  const { consumer, recorder } = startConsumer(t, {
    queue,
    queueType: "classic", // the worker declares it anew; until then the other one is used as it is
    consumerTimeoutMs: 7_200_000,
  });
  const refused = assert.rejects(consumer.finished, { code: "CONSUME_REFUSED" });
  await recorder.first("consuming");
  await channel.deleteQueue(queue);
  await refused;
  assert.equal(recorder.all("consuming").length, 1);
});

test("before 4.3 a consumer timeout for a classic queue has no effect", {
  skip: refusesOnClassic && "from RabbitMQ 4.3 on it is refused",
}, async (t) => {
  const { recorder } = startConsumer(t, {
    queue: uniqueQueue(t),
    queueType: "classic",
    consumerTimeoutMs: 7_200_000,
  });
  await recorder.first("consuming");
});
