import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { publishAll, startConsumer } from "../support/engine.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

test("a worker that loses every connection with its first delivery makes longer and longer pauses", async (t) => {
  const queue = uniqueQueue(t);
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  const { recorder } = startConsumer(t, {
    queue,
    urls: [new BrokerUrl(`amqp://127.0.0.1:${proxy.port}`)],
    handler: () => {
      proxy.cut();
      proxy.mend();
    },
  });
  await recorder.first("consuming");
  await publishAll(["one"], { queue });
  await recorder.nth("reconnecting", 4);
  assert.deepEqual(
    recorder.all("reconnecting").map(({ attempt }) => attempt),
    [1, 2, 3, 4],
  );
});
