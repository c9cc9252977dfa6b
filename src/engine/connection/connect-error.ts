import { codeOf, reasonOf, WorkQueueError } from "../errors.js";
import { type BrokerUrl, standardPorts } from "./broker-url.js";

/** The frame size that amqplib reads from "HTTP", the first bytes of an HTTP answer. */
const HTTP_AS_FRAME_SIZE = /Frame size 1345270062/;

/**
 * Turns the failure of a connection attempt into one sentence with a code: UNREACHABLE,
 * HOST_UNKNOWN, CONNECT_TIMEOUT, NOT_AMQP, TLS, ACCESS_REFUSED or VHOST_REFUSED; for one that failed while the queue was
 * declared or consumed from, QUEUE_REFUSED or CONNECTION_LOST.
 * Most of amqplib's errors have a text but no code.
 */
export function connectError(thrown: unknown, url: BrokerUrl): WorkQueueError {
  if (thrown instanceof WorkQueueError) return atBroker(thrown, url);
  const code = codeOf(thrown);
  const reason = reasonOf(thrown);
  const fail = (kind: WorkQueueError["code"], message: string) => new WorkQueueError(kind, message, thrown);

  if (/^Handshake terminated by server: 403/.test(reason))
    return fail(
      "ACCESS_REFUSED",
      `${url.endpoint} refuses user "${url.username}" ${url.password === "" ? "without a password" : "with this password"}.`,
    );
  // amqplib drops the broker's reason (530 NOT_ALLOWED) and names only the frame it did not expect.
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(reason))
    return fail(
      "VHOST_REFUSED",
      `Virtual host "${url.vhost}" does not exist on ${url.endpoint}, or user "${url.username}" may not use it.`,
    );
  if (code === 403) return fail("QUEUE_REFUSED", `User "${url.username}" may not do this (${reason}).`);
  // Any other reply code of AMQP: it is RabbitMQ, the connection was open, and its text says what failed.
  if (typeof code === "number")
    return fail("CONNECTION_LOST", `${url.endpoint} ended the connection (${reason}).`);
  if (code === "ECONNREFUSED") return fail("UNREACHABLE", `Nothing listens on ${url.endpoint} (${reason}).`);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return fail("HOST_UNKNOWN", `The host name "${url.host}" is not known (${code}).`);
  if (code === "ETIMEDOUT" || /connect ETIMEDOUT/.test(reason))
    return fail("CONNECT_TIMEOUT", `${url.endpoint} did not open an AMQP connection in time.`);
  if (HTTP_AS_FRAME_SIZE.test(reason) || url.port === 15_672 || url.port === 15_671)
    return fail(
      "NOT_AMQP",
      `${url.endpoint} speaks HTTP, not AMQP: that looks like the admin UI; AMQP is on port 5672.`,
    );
  if (isTls(code, reason)) {
    // OpenSSL's errors come with addresses, file names and a line break around the few words that matter.
    const words = /SSL routines:[^:]*:([^:]+)/.exec(reason)?.[1] ?? reason;
    const plain = words.includes("wrong version number") ? " (this port speaks no TLS)" : "";
    return fail("TLS", `TLS with ${url.endpoint} failed: ${words}${plain}.`);
  }
  if (/Frame size|Expected connection\.|Invalid frame|Expected ConnectionStart/.test(reason))
    return fail("NOT_AMQP", `${url.endpoint} does not speak AMQP 0-9-1 (${reason}).`);
  const hungUp = code === "ECONNRESET" || /Socket closed abruptly/.test(reason);
  if (hungUp && url.scheme === "amqp" && url.port === standardPorts.amqps)
    return fail(
      "NOT_AMQP",
      `${url.endpoint} closed the connection in AMQP's opening: it is the port for TLS, where the URL is amqps://.`,
    );
  if (/Socket closed abruptly/.test(reason))
    return fail(
      "UNREACHABLE",
      `${url.endpoint} closed the connection in AMQP's opening: its broker is still starting, or it is no AMQP port.`,
    );
  return fail("UNREACHABLE", `No AMQP connection to ${url.endpoint} (${reason}).`);
}

/** Notes in an error which broker it is about. */
export function atBroker(error: WorkQueueError, url: BrokerUrl): WorkQueueError {
  error.broker = url.toString();
  return error;
}

function isTls(code: string | number | undefined, reason: string): boolean {
  if (typeof code === "string" && /^(ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED)/.test(code))
    return true;
  return /certificate|wrong version number|SSL routines/.test(reason);
}
