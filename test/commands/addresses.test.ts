import assert from "node:assert/strict";
import { test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { run, start } from "../support/command.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

const CLOSED = "amqp://127.0.0.1:1";

test("of several addresses the first that answers is used, whether given one by one or with commas", async (t) => {
  const queue = uniqueQueue(t);
  const given = await run(t, "new-task", ["-q", queue, "-u", CLOSED, "-u", brokerUrl, "one"]);
  assert.equal(given.code, 0, given.stderr);
  assert.match(
    given.stderr,
    /^ \[!\] Nothing listens on 127\.0\.0\.1:1 .* Trying amqp:\/\/localhost:\d+\.\n$/,
  );
  const env = { AMQP_URL: `${CLOSED},${brokerUrl}` };
  const { code, stdout } = await run(t, "worker", ["-q", queue, "--exit-when-empty"], { env });
  assert.equal(code, 0);
  assert.match(stdout, /Received 'one'/);
});

test("a flag takes the place of all addresses in AMQP_URL", async (t) => {
  const { code, stderr } = await run(t, "new-task", ["-u", CLOSED, "one"]);
  assert.equal(code, 1);
  assert.match(stderr, /^Error: Nothing listens on 127\.0\.0\.1:1/);
});

test("when no address works, the error has the reason of each, and no password", async (t) => {
  const wrong = brokerUrl.replace("amqp://", "amqp://guest:s3cret,@");
  const { code, stderr } = await run(t, "new-task", ["-u", `${CLOSED},${wrong}`, "one"]);
  assert.equal(code, 1);
  assert.match(stderr, /Error: No address works: Nothing listens on .*refuses user "guest"/);
  assert.doesNotMatch(stderr, /s3cret/);
});

test("a malformed address among several is wrong usage", async (t) => {
  const { code, stderr } = await run(t, "new-task", ["-u", brokerUrl, "-u", "localhost", "one"]);
  assert.equal(code, 2);
  assert.match(stderr, /has no scheme/);
});

test("a worker whose broker is gone goes on with the next address", async (t) => {
  const queue = uniqueQueue(t);
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  const first = `amqp://localhost:${proxy.port}`;
  const worker = start(t, "worker", ["--json", "-q", queue, "-u", first, "-u", brokerUrl]);
  await worker.recorder.first("consuming");
  proxy.cut();
  await worker.recorder.nth("consuming", 2);
  assert.deepEqual(
    worker.recorder.all("connected").map(({ broker }) => broker),
    [first, brokerUrl],
  );
  assert.equal(worker.recorder.all("reconnecting")[0]?.broker, brokerUrl);
});

test("a comma behind the last address is nothing, and several hosts in one address are wrong usage", async (t) => {
  const env = { AMQP_URL: `${brokerUrl},` };
  assert.equal((await run(t, "new-task", ["-q", uniqueQueue(t), "one"], { env })).code, 0);
  const { code, stderr } = await run(t, "new-task", ["-u", "amqp://rabbit-1,rabbit-2", "one"]);
  assert.equal(code, 2);
  assert.match(stderr, /names several hosts; each one needs its own amqp:/);
});
