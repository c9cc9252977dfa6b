import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { workDots } from "#dist/work/dots.js";
import { publishAll, startConsumer, workAll } from "../support/engine.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

test("C8: work that takes longer than several heartbeats does not cost the connection", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["four dots...."], { queue });
  // The broker hangs up on a client that has been silent for two heartbeats of a second.
  const urls = [new BrokerUrl(`${brokerUrl}?heartbeat=1`)];
  const { totals, recorder } = await workAll({ queue, urls, handler: workDots(1_000) });
  assert.equal(totals.done, 1);
  assert.equal(recorder.all("connection-lost").length, 0);
});

test("C13: no small frame waits for the ack of the one before: Nagle's algorithm is off", async (t) => {
  const { mock } = t.mock.method(Socket.prototype, "setNoDelay");
  await publishAll(["one"], { queue: uniqueQueue(t) });
  assert.deepEqual(
    mock.calls.map(({ arguments: [noDelay] }) => noDelay),
    [true],
  );
});

test("N11: a connection that is lost while it is being set up is made again, and the process goes on", async (t) => {
  const queue = uniqueQueue(t);
  const proxy = await TcpProxy.start(t, Number(new URL(brokerUrl).port));
  const urls = [new BrokerUrl(`amqp://localhost:${proxy.port}`)];
  const { recorder } = startConsumer(t, { queue, urls, waitMs: 60_000 });
  await recorder.first("channel-opened");
  proxy.cut();
  await recorder.first("reconnecting");
  assert.equal(recorder.all("consuming").length, 0);
  proxy.mend();
  await recorder.first("consuming");
  await publishAll(["one"], { queue });
  await recorder.first("task-done");
});
