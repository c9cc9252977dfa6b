import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { BrokerUrl } from "#dist/queue/broker-url.js";
import { publishAll, startConsumer } from "../support/engine.js";
import { brokerUrl, closeConnection, uniqueQueue } from "../support/queue.js";

/** connection.open-ok, a whole frame (AMQP 0-9-1 spec, 1.4.2.8). */
const OPEN_OK = Buffer.from("010000000000" + "05000a002900ce", "hex");

/** connection.close with a reply code, a whole frame (AMQP 0-9-1 spec, 1.4.2.9). */
function connectionClose(code: number, text: string): Buffer {
  const payload = Buffer.alloc(4 + 2 + 1 + text.length + 4);
  payload.writeUInt16BE(10, 0);
  payload.writeUInt16BE(50, 2);
  payload.writeUInt16BE(code, 4);
  payload.writeUInt8(text.length, 6);
  payload.write(text, 7, "latin1");
  const head = Buffer.from([1, 0, 0, 0, 0, 0, payload.length]);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

/** A way to the broker on which the second connection is closed in one segment with its open-ok. */
async function hastyBroker(t: TestContext, close: Buffer): Promise<string> {
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
      near.write(number === 2 && bytes.includes(OPEN_OK) ? Buffer.concat([bytes, close]) : bytes);
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
    const urls = [new BrokerUrl(await hastyBroker(t, connectionClose(code, text)))];
    const { recorder } = startConsumer(t, { queue, name, urls });
    await recorder.first("consuming");
    await closeConnection(name);
    await recorder.nth("connected", 3);
    await recorder.nth("consuming", 2);
    await publishAll(["one"], { queue });
    await recorder.first("task-done");
  });
