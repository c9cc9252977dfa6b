import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { Gate, publishAll, startConsumer } from "../support/engine.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

/** Class and method as they begin a frame's payload (AMQP 0-9-1 spec 1.2). */
const REJECT = Buffer.from([0, 60, 0, 90]);
const NACK = Buffer.from([0, 60, 0, 120]);

test("a task whose handler fails counts towards a quorum queue's delivery limit, one that is requeued need not", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["bad"], { queue, queueType: "quorum" });
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  let sent: Buffer = Buffer.alloc(0);
  proxy.onSent = (bytes) => {
    sent = Buffer.concat([sent, bytes]);
  };
  const gate = new Gate();
  let deliveries = 0;
  const { consumer, recorder } = startConsumer(t, {
    queue,
    queueType: "quorum",
    retry: "broker",
    urls: [new BrokerUrl(`amqp://127.0.0.1:${proxy.port}`)],
    handler: (task, context) => {
      deliveries++;
      if (deliveries === 1) throw new Error("cannot do it");
      return gate.handler(task, context);
    },
  });
  assert.equal((await recorder.first("task-requeued")).reason, "cannot do it");
  const again = await recorder.nth("task-received", 2);
  // RabbitMQ counts both ways of giving back before 4.3, since then only basic.reject.
  assert.equal(again.deliveryCount, 1);
  assert.deepEqual([sent.includes(REJECT), sent.includes(NACK)], [true, false]);
  consumer.stopNow("another worker may have it");
  await consumer.finished;
  assert.ok(sent.includes(NACK));
});
