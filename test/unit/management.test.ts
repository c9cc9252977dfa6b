import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { ManagementApi } from "#dist/engine/manage/management-api.js";

// Scripted servers: what no broker answers.

const api = (
  base: string,
  broker = "amqp://localhost",
  signal = new AbortController().signal,
): ManagementApi => new ManagementApi({ base, broker: new BrokerUrl(broker), tls: undefined, signal });

/** A server that answers every request the same way; resolves with its address. */
async function server(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const listening = createServer(answer).listen(0, "127.0.0.1");
  await once(listening, "listening");
  t.after(() => {
    listening.close();
    listening.closeAllConnections();
  });
  const at = listening.address();
  assert.ok(typeof at === "object" && at !== null);
  return `http://127.0.0.1:${at.port}`;
}

test("it asks below the given address, with the AMQP user's name and password as UTF-8", async (t) => {
  let asked: IncomingMessage | undefined;
  const base = await server(t, (request, response) => {
    asked = request;
    response.end("[1]");
  });
  const broker = "amqp://j%C3%B6rg:p%C3%A4:%3A%23@localhost";
  assert.deepEqual(await api(`${base}/rabbit/`, broker).get("queues/%2F/q"), [1]);
  assert.equal(asked?.url, "/rabbit/api/queues/%2F/q");
  assert.equal(asked?.headers.authorization, `Basic ${Buffer.from("jörg:pä::#").toString("base64")}`);
});

const other = "http://ui.invalid:15672";
for (const broker of ["amqp://u:s3cret@rabbit.invalid", "amqps://u:s3cret@ui.invalid"])
  test(`the password does not go over plain http to where AMQP has not shown it: ${broker.replace(/u:.*@/, "")}`, async () => {
    await assert.rejects(api(other, broker).get("x"), {
      message: `The management API at ${other} is not used: the password would go unencrypted to a host other than AMQP's.`,
    });
  });

test("it goes to the host that AMQP logs in to in plain, and anywhere over https", async () => {
  for (const [base, broker] of [
    [other, "amqp://u:s3cret@UI.invalid"],
    ["https://ui.invalid", "amqps://u:s3cret@rabbit.invalid"],
  ] as const)
    await assert.rejects(
      api(base, broker).get("x"),
      /does not answer \(getaddrinfo (ENOTFOUND|EAI_AGAIN) ui\.invalid\)/,
    );
});

test("a redirect is not followed: the password would go with it", async (t) => {
  let reached = false;
  const elsewhere = await server(t, (_, response) => {
    reached = true;
    response.end("{}");
  });
  const base = await server(t, (_, response) =>
    response.writeHead(302, { location: `${elsewhere}/api/x` }).end(),
  );
  await assert.rejects(api(base).get("x"), /has no management API \(status 302\)/);
  assert.equal(reached, false);
});

test("another web server is distinguished from the management API", async (t) => {
  const base = await server(t, (_, response) => response.end("<html>It works!</html>"));
  await assert.rejects(api(base).get("x"), /^Error: http:\S+ has no management API \(status 200\)\.$/);
});

test("what RabbitMQ gives as its reason is in the error", async (t) => {
  const base = await server(t, (_, response) =>
    response.writeHead(400).end('{"error":"bad_request","reason":"No."}'),
  );
  await assert.rejects(api(base).get("x"), /^Error: The management API at .* says: No\.$/);
});

test("it is given up after some seconds, before an answer or in the middle of one", async (t) => {
  const silent = await server(t, () => {});
  const slow = await server(t, (_, response) => response.writeHead(200).write("["));
  await Promise.all(
    [silent, slow].map((base) => assert.rejects(api(base).get("x"), /does not answer \(timeout\)/)),
  );
});

test("it is given up at once when its signal is aborted", async (t) => {
  const leave = new AbortController();
  const base = await server(t, () => leave.abort());
  await assert.rejects(api(base, "amqp://localhost", leave.signal).get("x"), /does not answer/);
});

test("an address that no URL can hold is an error that says so", async () => {
  await assert.rejects(api("http://[fe80::1%eth0]:15672").get("x"), /is no address of a management API/);
});
