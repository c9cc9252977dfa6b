import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "amqplib";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { pem, pemPath } from "../support/certificates.js";
import { openChannel, uniqueQueue } from "../support/queue.js";

const files = { ca: pemPath("ca"), cert: pemPath("server"), key: pemPath("server-key") };

/** One with configuration and a TLS listener, and one whose TLS listener asks for the client's certificate. */
let broker: PrivateBroker;
let strict: PrivateBroker;
before(async () => {
  [broker, strict] = await Promise.all([
    PrivateBroker.start({ config: ["max_message_size = 1000"], tls: files }),
    PrivateBroker.start({ tls: { ...files, verifyPeer: true } }),
  ]);
});
after(() => Promise.all([broker.stop(), strict.stop()]));

/** Opens a connection and closes it again. */
async function tryTls(url: string, options: Parameters<typeof connect>[1]): Promise<void> {
  const connection = await connect(url, options);
  connection.on("error", () => {});
  await connection.close();
}

test("a line of configuration is in force: a larger message than it allows is refused", async (t) => {
  const queue = uniqueQueue(t, broker.url);
  const channel = await openChannel(t, broker.url);
  await channel.assertQueue(queue);
  channel.sendToQueue(queue, Buffer.alloc(1_000));
  assert.equal((await channel.checkQueue(queue)).messageCount, 1);
  channel.sendToQueue(queue, Buffer.alloc(1_001));
  await assert.rejects(channel.checkQueue(queue), /PRECONDITION_FAILED - message size 1001/);
});

test("the TLS listener is the test CA's: who trusts that one is connected, nobody else", async () => {
  await tryTls(broker.tlsUrl, { ca: pem("ca") });
  await assert.rejects(tryTls(broker.tlsUrl, {}), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
  await assert.rejects(tryTls(broker.tlsUrl, { ca: pem("other-ca") }), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
});

test("with verifyPeer only a client with a certificate of the CA is connected", async () => {
  const ca = pem("ca");
  await tryTls(strict.tlsUrl, { ca, cert: pem("client"), key: pem("client-key") });
  await assert.rejects(tryTls(strict.tlsUrl, { ca }), /certificate required/);
});

test("after a kill and a restart TLS is there again, at the same port", async () => {
  const { tlsUrl } = broker;
  await broker.kill();
  await broker.restart();
  assert.equal(broker.tlsUrl, tlsUrl);
  await tryTls(tlsUrl, { ca: pem("ca") });
});

test("the node name is the one that RabbitMQ has", () => {
  assert.equal(broker.run("rabbitmqctl", "eval", "node().").trim().replaceAll("'", ""), broker.nodeName);
});

test("a line that RabbitMQ does not know is an error that quotes it", async () => {
  await assert.rejects(PrivateBroker.start({ config: ["no_such_setting = 1"] }), {
    code: "BROKER_START",
    message: /no_such_setting/,
  });
});

test("a node of an image joins no cluster, and nothing joins one", async () => {
  await assert.rejects(PrivateBroker.start({ image: "rabbitmq:4-management", joins: broker }), {
    code: "BROKER_START",
    message: /Docker image/,
  });
});
