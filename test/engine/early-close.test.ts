import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { Gate, publishAll, startConsumer } from "../support/engine.js";
import { brokerUrl, closeConnection, openChannel, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

/** connection.open-ok, a whole frame (AMQP 0-9-1 spec, 1.4.2.8). */
const OPEN_OK = Buffer.from("010000000000" + "05000a002900ce", "hex");

/** Class and method of queue.declare-ok and connection.close. */
const DECLARE_OK = Buffer.of(0, 50, 0, 11);
const CONNECTION_CLOSE = Buffer.of(0, 10, 0, 50);

/** connection.close or channel.close with a reply code, a whole frame (AMQP 0-9-1 spec, 1.4.2.9, 1.5.2.5). */
function close(of: "connection" | "channel", code: number, text: string): Buffer {
  const [channel, classId, methodId] = of === "connection" ? [0, 10, 50] : [1, 20, 40];
  const payload = Buffer.alloc(4 + 2 + 1 + text.length + 4);
  payload.writeUInt16BE(classId, 0);
  payload.writeUInt16BE(methodId, 2);
  payload.writeUInt16BE(code, 4);
  payload.writeUInt8(text.length, 6);
  payload.write(text, 7, "latin1");
  const head = Buffer.from([1, 0, channel, 0, 0, 0, payload.length]);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

/** A way to the broker on which the second connection gets a close in one segment with an answer. */
async function hastyBroker(t: TestContext, answer: Buffer, close: Buffer): Promise<string> {
  let connections = 0;
  const server = createServer((near) => {
    const number = ++connections;
    const far = connect(new BrokerUrl(brokerUrl).port, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => other.destroy());
    }
    near.pipe(far);
    far.on("data", (bytes) => {
      near.write(number === 2 && bytes.includes(answer) ? Buffer.concat([bytes, close]) : bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const at = server.address();
  assert.ok(typeof at === "object" && at !== null);
  return `amqp://127.0.0.1:${at.port}`;
}

for (const [code, text] of [
  [320, "CONNECTION_FORCED"],
  [541, "INTERNAL_ERROR"],
] as const)
  test(`a connection that is closed with ${code} the moment it opens is made again`, async (t) => {
    const queue = uniqueQueue(t);
    const name = `worker of ${queue}`;
    const urls = [new BrokerUrl(await hastyBroker(t, OPEN_OK, close("connection", code, text)))];
    const { recorder } = startConsumer(t, { queue, name, urls });
    await recorder.first("consuming");
    await closeConnection(name);
    await recorder.nth("connected", 3);
    await recorder.nth("consuming", 2);
    await publishAll(["one"], { queue });
    await recorder.first("task-done");
  });

test("a channel that is closed the moment its queue is declared is a lost connection, which is made again", async (t) => {
  const queue = uniqueQueue(t);
  const name = `worker of ${queue}`;
  const urls = [new BrokerUrl(await hastyBroker(t, DECLARE_OK, close("channel", 541, "INTERNAL_ERROR")))];
  const { recorder } = startConsumer(t, { queue, name, urls });
  await recorder.first("consuming");
  await closeConnection(name);
  await recorder.first("reconnecting");
  assert.match((await recorder.nth("reconnecting", 2)).reason, /^Not connected|closed at once/);
  await recorder.nth("consuming", 2);
});

test("a task that ends while its connection is being closed is given up: its ack would not arrive", async (t) => {
  const queue = uniqueQueue(t);
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  const closing = new Promise<void>((resolve) => {
    proxy.onSent = (bytes) => {
      if (!bytes.includes(CONNECTION_CLOSE)) return;
      proxy.silence(); // its close-ok never comes
      resolve();
    };
  });
  const gate = new Gate();
  const urls = [new BrokerUrl(`amqp://127.0.0.1:${proxy.port}`)];
  const { recorder } = startConsumer(t, { queue, urls, handler: gate.handler });
  await recorder.first("consuming");
  await publishAll(["one"], { queue });
  await recorder.first("task-received");
  await (await openChannel(t)).deleteQueue(queue); // cancels the consumer
  await closing;
  gate.open();
  assert.match((await recorder.first("task-aborted")).reason, /connection was lost/);
  assert.equal(recorder.events.filter(({ event }) => event === "task-done").length, 0);
});

/** basic.cancel of a consumer, a whole frame (AMQP 0-9-1 spec, 1.8.3.6; sent by the broker: guide "Consumers"). */
function basicCancel(consumerTag: string): Buffer {
  const payload = Buffer.concat([
    Buffer.of(0, 60, 0, 30, consumerTag.length),
    Buffer.from(consumerTag),
    Buffer.of(1),
  ]);
  const head = Buffer.from([1, 0, 1, 0, 0, 0, payload.length]);
  return Buffer.concat([head, payload, Buffer.of(0xce)]);
}

test("a consumer cancelled right behind its deliveries: what was done is acknowledged, and not done again", async (t) => {
  const queue = uniqueQueue(t);
  const name = `worker of ${queue}`;
  const tasks = ["1", "2", "3", "4", "5", "6"].map((number) => `task ${number}`);
  const proxied = await hastyBroker(t, Buffer.from("task 6"), basicCancel(name));
  const { recorder } = startConsumer(t, {
    queue,
    name,
    urls: [new BrokerUrl(proxied)],
    concurrency: 6,
    handler: () => {},
  });
  await recorder.first("consuming");
  await closeConnection(name);
  await recorder.nth("consuming", 2);
  async function* atOnce() {
    yield tasks;
  }
  await publishAll(atOnce(), { queue });
  await recorder.nth("consuming", 3);
  await publishAll(["last"], { queue });
  for (let done = 1; ; done++) if ((await recorder.nth("task-done", done)).task.text === "last") break;
  assert.deepEqual(
    recorder.all("task-done").map(({ task }) => task.text),
    [...tasks, "last"],
  );
});
