import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createServer } from "node:tls";
import { sharedBroker } from "../support/broker.js";
import { pem, pemPath } from "../support/certificates.js";
import { type Ended, run, start } from "../support/command.js";
import { closeConnection, uniqueQueue } from "../support/queue.js";

const ca = pemPath("ca");
const key = pemPath("server-key");
const [broker, strict] = await Promise.all([sharedBroker("limited"), sharedBroker("strict")]);

/** The address of a server whose certificate, of the same authority, is another host's. */
async function impostor(t: TestContext): Promise<string> {
  const cert = Buffer.concat([pem("other-host"), pem("ca")]);
  const server = createServer({ cert, key: pem("other-host-key") });
  server.on("tlsClientError", () => {}); // a client that does not trust it ends the connection
  await once(server.listen(0, "localhost"), "listening");
  t.after(() => server.close());
  const at = server.address();
  assert.ok(typeof at === "object" && at !== null);
  return `amqps://localhost:${at.port}`;
}

const client = ["--cert", pemPath("client"), "--key", pemPath("client-key")];

function assertRefused({ code, stdout, stderr }: Ended, says: RegExp): void {
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, says);
  assert.match(stderr, /^Error: TLS with localhost:\d+ failed: .*\n.*--ca/);
  assert.equal(stderr.trim().split("\n").length, 2, stderr);
}

test("with the authority's certificate the pair works over TLS", async (t) => {
  const queue = uniqueQueue(t, broker.url);
  const words = ["-u", broker.tlsUrl, "--ca", ca, "-q", queue];
  const sent = await run(t, "new-task", [...words, "one"]);
  assert.equal(sent.code, 0, sent.stderr);
  const env = { AMQP_URL: broker.tlsUrl, AMQP_CA_FILE: ca };
  const { code, stdout } = await run(t, "worker", ["-q", queue, "--max-tasks", "1"], { env });
  assert.equal(code, 0);
  assert.match(stdout, /Received 'one'/);
});

test("a certificate that this machine does not trust is refused, and trying on would not help", async (t) => {
  const words = ["-u", broker.tlsUrl, "--wait", "1h", "one"];
  assertRefused(await run(t, "new-task", words), /self-signed certificate/);
  assertRefused(await run(t, "new-task", [...words, "--ca", pemPath("other-ca")]), /self-signed certificate/);
});

test("a certificate of another host is refused, although the authority is trusted", async (t) => {
  const words = ["-u", await impostor(t), "--ca", ca, "one"];
  assertRefused(
    await run(t, "new-task", words),
    /localhost\. is not in the cert's altnames: DNS:other\.example/,
  );
});

test("no variable of Node's makes it trust a wrong certificate", async (t) => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
  assertRefused(
    await run(t, "new-task", ["-u", await impostor(t), "one"], { env }),
    /self-signed certificate/,
  );
});

test("a server that asks for the client's certificate is given it, and says so where there is none", async (t) => {
  const words = ["-u", strict.tlsUrl, "--ca", ca, "-q", uniqueQueue(t, strict.url), "one"];
  const sent = await run(t, "new-task", [...words, ...client]);
  assert.equal(sent.code, 0, sent.stderr);
  assertRefused(await run(t, "new-task", words), /certificate required/);
});

test("a worker that lost its TLS connection makes it again", async (t) => {
  const queue = uniqueQueue(t, broker.url);
  const words = ["-u", broker.tlsUrl, "--ca", ca, "-q", queue, "--name", `worker of ${queue}`, "--json"];
  const worker = start(t, "worker", words);
  await worker.recorder.first("consuming");
  await closeConnection(`worker of ${queue}`, broker.adminUrl);
  await worker.recorder.nth("consuming", 2);
});

test("certificate files that cannot be used, or for nothing, are named with their option", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const garbage = join(folder, "garbage.pem");
  await writeFile(garbage, "not a certificate");
  const cases: [words: string[], code: 1 | 2, says: RegExp][] = [
    [["-u", broker.tlsUrl, "--ca", garbage], 1, /garbage\.pem" \(--ca\) is no PEM file/],
    [["-u", broker.tlsUrl, "--ca", "/nowhere.pem"], 1, /Cannot read "\/nowhere\.pem": no such file/],
    [["-u", broker.tlsUrl, "--cert", pemPath("client")], 2, /--cert and --key go together/],
    [["-u", broker.tlsUrl, "--cert", pemPath("client"), "--key", key], 1, /cannot be used: .*key/],
    [["-u", broker.url, "--ca", ca], 2, /for amqps:\/\/ addresses/],
  ];
  for (const [words, code, says] of cases) {
    const ended = await run(t, "new-task", [...words, "one"]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, says);
  }
});
