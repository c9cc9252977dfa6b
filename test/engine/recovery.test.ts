import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { type Channel, type ConsumeMessage, connect } from "amqplib";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { isAtLeast } from "../support/broker.js";
import { pem, pemPath } from "../support/certificates.js";
import { Gate, publishAll, startConsumer } from "../support/engine.js";
import { closeConnection, openChannel, uniqueQueue } from "../support/queue.js";
import { Recorder } from "../support/recorder.js";

/** A broker that these tests may hurt. */
let broker: PrivateBroker;
before(async () => {
  const tls = { ca: pemPath("ca"), cert: pemPath("server"), key: pemPath("server-key") };
  broker = await PrivateBroker.start({ tls });
});
after(() => broker.stop());

const own = (t: TestContext) => ({
  queue: uniqueQueue(t, broker.url),
  urls: [new BrokerUrl(broker.url)],
  recorder: new Recorder(),
});

test("C1, C6: a lost connection gives the task up, and the worker takes it again by itself", async (t) => {
  const queue = uniqueQueue(t);
  const name = `worker of ${queue}`;
  const gate = new Gate();
  const { recorder } = startConsumer(t, { queue, name, handler: gate.handler });
  await recorder.first("consuming");
  await publishAll(["one"], { queue });
  await recorder.first("task-received");
  await closeConnection(name);
  const { reason } = await recorder.first("connection-lost");
  assert.match(reason, /CONNECTION_FORCED|Closed via management/i);
  await recorder.first("task-aborted");
  const again = await recorder.nth("task-received", 2);
  assert.equal(again.redelivered, true);
  gate.open();
  await recorder.first("task-done");
});

test("C3: a worker whose queue is deleted declares it again and goes on", async (t) => {
  const queue = uniqueQueue(t);
  const { recorder } = startConsumer(t, { queue });
  await recorder.first("consuming");
  const channel = await openChannel(t);
  await channel.deleteQueue(queue);
  assert.match(
    (await recorder.first("connection-lost")).reason,
    /^queue ".*" was deleted; it is declared again$/,
  );
  await recorder.nth("consuming", 2);
  await publishAll(["one"], { queue });
  await recorder.first("task-done");
});

test("C2: a worker whose channel the broker closes opens another one and goes on", async (t) => {
  const queue = uniqueQueue(t);
  const prototype = Object.getPrototypeOf(await openChannel(t));
  const { ack } = prototype;
  // An ack for no delivery closes the channel, and nothing else (406, RabbitMQ guide "Consumers", "Double acking").
  const wrongly = function (this: Channel, message: ConsumeMessage) {
    ack.call(this, { fields: { deliveryTag: message.fields.deliveryTag + 1 } });
  };
  t.mock.method(prototype, "ack", wrongly, { times: 1 });
  const { recorder } = startConsumer(t, { queue });
  await publishAll(["one"], { queue });
  assert.match((await recorder.first("connection-lost")).reason, /unknown delivery tag/);
  assert.equal((await recorder.nth("task-received", 2)).redelivered, true);
  await recorder.nth("task-done", 2);
});

test("C7: a worker with a task held too long comes back, says why, and gets the task again", async (t) => {
  const { queue, urls, recorder: publisher } = own(t);
  // Since RabbitMQ 4.3 only quorum queues have an ack timeout, the consumer says how long, and is cancelled. Before, it is
  // the broker's, which closes the channel: a second instead of 30 minutes, looked at twice a second instead of once a minute.
  const isConsumers = await isAtLeast(4, 3);
  if (!isConsumers) {
    broker.run("rabbitmqctl", "eval", "application:set_env(rabbit, consumer_timeout, 1000).");
    broker.run("rabbitmqctl", "eval", "application:set_env(rabbit, channel_tick_interval, 500).");
    t.after(() =>
      broker.run("rabbitmqctl", "eval", "application:set_env(rabbit, consumer_timeout, 1800000)."),
    );
  }
  const gate = new Gate();
  const { recorder } = startConsumer(t, {
    queue,
    urls,
    queueType: "quorum",
    consumerTimeoutMs: isConsumers ? 1_000 : undefined,
    handler: gate.handler,
  });
  await publishAll(["long"], { queue, urls }, publisher);
  const { reason } = await recorder.first("connection-lost");
  assert.match(reason, isConsumers ? /cancelled the consumer.* held too long/ : /timed out/);
  assert.equal((await recorder.nth("task-received", 2)).redelivered, true);
  gate.open();
  await recorder.first("task-done");
});

test("a broker killed and started again: persistent tasks are there, the worker takes up work by itself; its ports are the same", async (t) => {
  const { queue, urls, recorder: publisher } = own(t);
  await publishAll(["kept"], { queue, urls }, publisher);
  await publishAll(["transient"], { queue, urls, persistent: false });
  const gate = new Gate();
  const { recorder } = startConsumer(t, { queue, urls, handler: gate.handler });
  await recorder.first("task-received");
  const { tlsUrl } = broker;
  broker.saveDeclarations();
  await broker.kill();
  await recorder.first("connection-lost");
  await recorder.first("reconnecting");
  await broker.restart();
  const again = await recorder.nth("task-received", 2);
  assert.equal(again.task.text, "kept");
  gate.open();
  await recorder.first("task-done");
  const channel = await openChannel(t, broker.url);
  assert.equal((await channel.checkQueue(queue)).messageCount, 0, "the transient task is gone");
  assert.equal(broker.tlsUrl, tlsUrl);
  await (await connect(tlsUrl, { ca: pem("ca") })).close();
});

test("a node of an image joins no cluster, and nothing joins one", async () => {
  await assert.rejects(PrivateBroker.start({ image: "rabbitmq:4-management", joins: broker }), {
    code: "BROKER_START",
    message: /Docker image/,
  });
});

test("P3, P4: under a memory alarm the publisher says so at once; given up, the task may or may not be stored", async (t) => {
  const { queue, urls, recorder } = own(t);
  broker.run("rabbitmqctl", "set_vm_memory_high_watermark", "0.0001");
  const publishing = publishAll(["one"], { queue, urls, confirmTimeoutMs: 1_500 }, recorder);
  await Promise.all([recorder.first("blocked"), assert.rejects(publishing, { code: "CONFIRM_TIMEOUT" })]);
  assert.equal(recorder.all("task-unconfirmed").length, 1);
  const patient = new Recorder();
  const waiting = publishAll(["two"], { queue, urls }, patient);
  await patient.first("blocked");
  broker.run("rabbitmqctl", "set_vm_memory_high_watermark", "0.4");
  assert.equal((await waiting).totals.confirmed, 1, "it goes on by itself when the alarm is over");
});

test("what was not confirmed when the connection went is published again: same id, marked as a possible duplicate", async (t) => {
  const { queue, urls, recorder } = own(t);
  broker.run("rabbitmqctl", "set_vm_memory_high_watermark", "0.0001");
  const publishing = publishAll(["one"], { queue, urls }, recorder);
  await recorder.first("blocked");
  broker.run("rabbitmqctl", "close_all_connections", "test");
  const again = await recorder.nth("task-sent", 2);
  broker.run("rabbitmqctl", "set_vm_memory_high_watermark", "0.4");
  const { totals } = await publishing;
  assert.deepEqual([again.again, totals.confirmed, totals.sentAgain], [true, 1, 1]);
  // The first one may have been stored too (P4); the last one is the one published again.
  const channel = await openChannel(t, broker.url);
  let last = await channel.get(queue, { noAck: true });
  for (let next = last; next !== false; next = await channel.get(queue, { noAck: true })) last = next;
  assert.ok(last);
  assert.equal(last.properties.messageId, recorder.all("task-sent")[0]?.task.id);
  assert.equal(last.properties.headers?.["x-possible-duplicate"], true);
});
