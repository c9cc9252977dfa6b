import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { isStarting } from "#dist/broker/starting.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { run, start } from "../support/command.js";
import { ownTemporary } from "../support/own-temporary.js";
import { brokerUrl, uniqueQueue } from "../support/queue.js";

/** A port at which a private broker of the user's seems to start; `open` makes the tests' broker answer there. */
async function startingBroker(t: TestContext, hangsUp = 0) {
  let left = hangsUp;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    if (left-- > 0) return socket.destroy();
    sockets.add(socket);
    const broker = connect(new BrokerUrl(brokerUrl).port, "127.0.0.1");
    broker.on("error", () => {});
    return socket.pipe(broker).pipe(socket);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen({ port, host: "127.0.0.1" }, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await listen(0);
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const { port } = address;
  const { env } = ownTemporary(t);
  mkdirSync(join(env.TMPDIR, "task-queue-broker-test"));
  writeFileSync(join(env.TMPDIR, "task-queue-broker-test/starting"), String(port));
  if (hangsUp === 0) await new Promise((resolve) => server.close(resolve));
  return { url: `amqp://localhost:${port}`, env, open: () => listen(port) };
}

const told = / \[!\] RabbitMQ is starting at amqp:\/\/localhost:\d+: waiting for it, 10 s at most\.\n/;

test("N12: a worker that is started while its private broker starts waits for it, and says so once", async (t) => {
  const { url, env, open } = await startingBroker(t);
  const worker = start(t, "worker", ["-u", url, "-q", uniqueQueue(t)], { env });
  await worker.says(told);
  await open();
  await worker.says("Waiting for messages");
  worker.child.kill("SIGINT");
  const { code, stderr } = await worker.ended;
  assert.equal(code, 0);
  assert.equal(stderr.replace(told, ""), "", "and nothing else");
});

test("so does new-task where the connection is closed in AMQP's opening, as Docker does while RabbitMQ starts", async (t) => {
  const { url, env } = await startingBroker(t, 3);
  const { code, stdout, stderr } = await run(t, "new-task", ["-u", url, "-q", uniqueQueue(t), "one"], {
    env,
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Sent 'one'/);
  assert.match(stderr, told);
});

test("one that does not come in ten seconds is the error of any broker that is not there", async (t) => {
  const { url, env } = await startingBroker(t);
  const { code, stdout, stderr } = await run(t, "worker", ["-u", url], { env });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr.replace(told, ""),
    /^Error: Nothing listens on .*\nIs RabbitMQ running\?.* --wait 30s waits/,
  );
});

test("--wait says how long to wait for it as well", async (t) => {
  const { url, env } = await startingBroker(t);
  const { code, stderr } = await run(t, "worker", ["-u", url, "--wait", "0"], { env });
  assert.equal(code, 1);
  assert.doesNotMatch(stderr, /starting/);
});

test("N12: a wrong password ends at once, also at a broker that is starting", async (t) => {
  const { url, env } = await startingBroker(t, 1);
  const wrong = url.replace("//", "//guest:s3cret@");
  const { code, stderr } = await run(t, "worker", ["-u", wrong], { env });
  assert.equal(code, 1);
  assert.match(stderr, /refuses user "guest"/);
});

test("a connection closed in the opening is a starting broker's on the standard port of the scheme, not of the other one", () => {
  const error = { code: "UNREACHABLE", cause: new Error("Socket closed abruptly during opening handshake") };
  const waitsAt = (url: string) => isStarting(error, new BrokerUrl(url));
  assert.deepEqual(["amqp://h:5672", "amqps://h:5671"].map(waitsAt), [true, true]);
  assert.deepEqual(["amqp://h:5671", "amqps://h:5672", "amqp://h:5673"].map(waitsAt), [false, false, false]);
});

test("without a readable folder for temporary files, an unreachable broker is the same error", async (t) => {
  const env = { TMPDIR: join(ownTemporary(t).outside, "no-such-folder") };
  for (const command of ["new-task", "worker"] as const) {
    const { code, stderr } = await run(t, command, ["-u", "amqp://localhost:1"], { env });
    assert.equal(code, 1);
    assert.match(stderr, /^Error: Nothing listens on localhost:1 .*\nIs RabbitMQ running\?.*\n$/);
  }
});
