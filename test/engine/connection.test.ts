import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { Session, type SessionOptions } from "#dist/engine/connection/session.js";
import type { WorkQueueError } from "#dist/engine/errors.js";
import { workDots } from "#dist/work/dots.js";
import { publishAll, startConsumer, workAll } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
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

test("what a callback throws ends the session with an error, and closes its connection", async (t) => {
  const broken = () => {
    throw new Error("of the callback's own");
  };
  const failure = async (url: string, callbacks: Partial<SessionOptions>) => {
    let error: WorkQueueError | undefined;
    const failed = (given: WorkQueueError) => {
      error = given;
    };
    const none = { name: "test", waitMs: 0, report: () => {}, setup: async () => {} };
    new Session({ urls: [new BrokerUrl(url)], ...none, ...callbacks, failed }).start();
    await eventually("the session has failed", () => error !== undefined);
    return `${error?.code}: ${error?.message}`;
  };
  const expected = /^CONNECTION_LOST: .*of the callback's own/;
  assert.match(await failure("amqp://localhost:1", { isStarting: broken }), expected);
  const proxy = await TcpProxy.start(t, Number(new URL(brokerUrl).port));
  let sent = "";
  proxy.onSent = (bytes) => {
    sent += bytes.toString("hex");
  };
  assert.match(await failure(`amqp://localhost:${proxy.port}`, { report: broken }), expected);
  assert.match(sent, /000a0032/, "connection.close: class 10, method 50");
});
