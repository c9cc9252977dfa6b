import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { connectError } from "#dist/engine/connection/connect-error.js";
import { type ErrorCode, WorkQueueError } from "#dist/engine/errors.js";

const broker = new BrokerUrl("amqp://joe:hunter2@example:5672/orders");
const failure = (message: string, code?: string | number): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

test("each way a connection fails has its code, and a sentence that names what was tried", async (t) => {
  const cases: [thrown: unknown, code: ErrorCode, message: RegExp, url?: BrokerUrl][] = [
    [failure("connect ECONNREFUSED 1.2.3.4:5672", "ECONNREFUSED"), "UNREACHABLE", /Nothing .*example:5672/],
    [failure("getaddrinfo ENOTFOUND example", "ENOTFOUND"), "HOST_UNKNOWN", /"example" is not known/],
    [failure("getaddrinfo EAI_AGAIN example", "EAI_AGAIN"), "HOST_UNKNOWN", /"example".*EAI_AGAIN/],
    [failure("connect ETIMEDOUT"), "CONNECT_TIMEOUT", /example:5672 .*in time/],
    [failure("connect ETIMEDOUT 1.2.3.4:5672", "ETIMEDOUT"), "CONNECT_TIMEOUT", /example:5672 .*in time/],
    [
      failure('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login"'),
      "ACCESS_REFUSED",
      /example:5672 refuses user "joe"/,
    ],
    [
      failure('Operation failed: QueueDeclare; 403 (ACCESS-REFUSED) with message "access to queue"', 403),
      "QUEUE_REFUSED",
      /"joe" may not do this .*access to queue/,
    ],
    [
      failure('Connection closed: 541 (INTERNAL-ERROR) with message "timed out consuming"', 541),
      "CONNECTION_LOST",
      /example:5672 ended the connection .*timed out consuming/,
    ],
    [
      failure("Expected ConnectionOpenOk; got <ConnectionClose channel:0>"),
      "VHOST_REFUSED",
      /"orders" .*example:5672.*"joe"/,
    ],
    [failure("Frame size 1345270062 exceeds maxFrameSize 67108864"), "NOT_AMQP", /HTTP, not AMQP.*5672/],
    [failure("Socket closed abruptly"), "NOT_AMQP", /admin UI/, new BrokerUrl("amqp://example:15672")],
    [failure("Socket closed abruptly"), "NOT_AMQP", /admin UI/, new BrokerUrl("amqps://example:15671")],
    [
      failure("connect ECONNREFUSED", "ECONNREFUSED"),
      "UNREACHABLE",
      /Nothing listens/,
      new BrokerUrl("amqp://example:15672"),
    ],
    [failure("Frame size 758263344 exceeds maxFrameSize"), "NOT_AMQP", /does not speak AMQP 0-9-1/],
    [failure("Expected ConnectionStart; got <Heartbeat>"), "NOT_AMQP", /does not speak AMQP 0-9-1/],
    [failure("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"), "TLS", /failed: self-signed cert/],
    [failure("unable to verify", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "TLS", /failed: unable to verify/],
    [failure("certificate has expired", "CERT_HAS_EXPIRED"), "TLS", /failed: certificate has expired/],
    [failure("altnames", "ERR_TLS_CERT_ALTNAME_INVALID"), "TLS", /failed: altnames/],
    [
      failure("Socket closed abruptly during opening handshake"),
      "UNREACHABLE",
      /example:5672 closed the connection in AMQP.s opening: its broker is still/,
    ],
    [failure("read ECONNRESET", "ECONNRESET"), "UNREACHABLE", /example:5672.*ECONNRESET/],
    ...["amqp", "amqps"].flatMap((scheme) =>
      [failure("read ECONNRESET", "ECONNRESET"), failure("Socket closed abruptly")].map(
        (thrown): (typeof cases)[number] => [
          thrown,
          scheme === "amqp" ? "NOT_AMQP" : "UNREACHABLE",
          scheme === "amqp" ? /port for TLS, where the URL is amqps:/ : /example:5671/,
          new BrokerUrl(`${scheme}://example:5671`),
        ],
      ),
    ),
    ["not even an error", "UNREACHABLE", /not even an error/],
    [undefined, "UNREACHABLE", /example:5672/],
  ];
  for (const [thrown, code, message, url = broker] of cases)
    await t.test(`${url.port} ${thrown}`, () => {
      const error = connectError(thrown, url);
      assert.ok(error instanceof WorkQueueError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.equal(error.cause, thrown);
      assert.doesNotMatch(error.message, /hunter2/);
    });
});

test("where localhost is two addresses, the sentence has the reason of each", () => {
  const reasons = ["connect ECONNREFUSED ::1:5672", "connect ECONNREFUSED 127.0.0.1:5672"];
  const thrown = Object.assign(new AggregateError(reasons.map((reason) => failure(reason, "ECONNREFUSED"))), {
    code: "ECONNREFUSED",
  });
  assert.equal(thrown.message, "", "as Node makes it");
  const error = connectError(thrown, new BrokerUrl("amqp://localhost"));
  assert.equal(error.code, "UNREACHABLE");
  assert.equal(error.message, `Nothing listens on localhost:5672 (${reasons.join(", ")}).`);
});

test("TLS with a port that speaks none is an error in OpenSSL's words, without its addresses and file names", async (t) => {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // the other side has every reason to hang up
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port });
  t.after(() => socket.destroy());
  const [thrown] = await once(socket, "error");
  const error = connectError(thrown, new BrokerUrl(`amqps://127.0.0.1:${port}`));
  assert.equal(error.code, "TLS");
  assert.equal(
    error.message,
    `TLS with 127.0.0.1:${port} failed: wrong version number (this port speaks no TLS).`,
  );
});

test("an error that has been understood already stays as it is", () => {
  const known = new WorkQueueError("QUEUE_MISMATCH", "connect ECONNREFUSED");
  assert.equal(connectError(known, broker), known);
});

test("only what trying again may mend does not end the first connection", () => {
  const passing = ["connect ECONNREFUSED", "getaddrinfo ENOTFOUND", "connect ETIMEDOUT", "read ECONNRESET"];
  for (const message of passing)
    assert.equal(
      connectError(failure(message, message.split(" ")[1]), broker).endsFirstConnection,
      false,
      message,
    );
  const mistakes = [
    "Handshake terminated by server: 403 (ACCESS-REFUSED)",
    "Expected ConnectionOpenOk; got <ConnectionClose channel:0>",
    "Frame size 1345270062 exceeds maxFrameSize",
    "self-signed certificate",
  ];
  for (const message of mistakes)
    assert.equal(connectError(failure(message), broker).endsFirstConnection, true, message);
});
