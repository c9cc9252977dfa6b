import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "amqplib";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { runTool, sharedBroker } from "../support/broker.js";
import { pem } from "../support/certificates.js";
import { openChannel, uniqueQueue } from "../support/queue.js";

const [limited, strict] = await Promise.all([sharedBroker("limited"), sharedBroker("strict")]);

/** Opens a connection and closes it again. */
async function tryTls(url: string, options: Parameters<typeof connect>[1]): Promise<void> {
  const connection = await connect(url, options);
  connection.on("error", () => {});
  await connection.close();
}

test("a line of configuration is in force: a larger message than it allows is refused", async (t) => {
  const queue = uniqueQueue(t, limited.url);
  const channel = await openChannel(t, limited.url);
  await channel.assertQueue(queue);
  channel.sendToQueue(queue, Buffer.alloc(1_000));
  assert.equal((await channel.checkQueue(queue)).messageCount, 1);
  channel.sendToQueue(queue, Buffer.alloc(1_001));
  await assert.rejects(channel.checkQueue(queue), /PRECONDITION_FAILED - message size 1001/);
});

test("the TLS listener is the test CA's: who trusts that one is connected, no other client", async () => {
  await tryTls(limited.tlsUrl, { ca: pem("ca") });
  await assert.rejects(tryTls(limited.tlsUrl, {}), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
  await assert.rejects(tryTls(limited.tlsUrl, { ca: pem("other-ca") }), {
    code: "SELF_SIGNED_CERT_IN_CHAIN",
  });
});

test("with verifyPeer only a client with a certificate of the CA is connected", async () => {
  const ca = pem("ca");
  await tryTls(strict.tlsUrl, { ca, cert: pem("client"), key: pem("client-key") });
  await assert.rejects(tryTls(strict.tlsUrl, { ca }), /certificate required/);
});

test("the node name is the one that RabbitMQ has", async () => {
  const name = await runTool("limited", "rabbitmqctl", "eval", "node().");
  assert.equal(name.trim().replaceAll("'", ""), limited.nodeName);
});

test("a line that RabbitMQ does not know is an error that quotes it", async () => {
  await assert.rejects(PrivateBroker.start({ config: ["no_such_setting = 1"] }), {
    code: "BROKER_START",
    message: /no_such_setting/,
  });
});
