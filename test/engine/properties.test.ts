import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { publishAll } from "../support/engine.js";
import { brokerUrl, openChannel, readAllMessages, uniqueQueue } from "../support/queue.js";
import { TcpProxy } from "../support/tcp-proxy.js";

/** A content header's frame: type, channel and size, then class, weight, body size and flags (AMQP 0-9-1, 4.2.3, 4.2.6.1). */
const HEADER = 2;
const FRAME_HEAD = 7;
const FLAGS_AT = FRAME_HEAD + 12;
const PROPERTIES_AT = FRAME_HEAD + 14;

/** A property's flag. */
const HEADERS = 0x2000;

interface Header {
  /** Bytes of the flags and the properties, which is what RabbitMQ keeps of it. */
  size: number;
  /** Bytes of the fields in its table of headers; undefined where it has no table. */
  table: number | undefined;
}

/** Of every content header in what a client has sent, from the protocol header on. */
function contentHeaders(sent: Buffer): Header[] {
  const found: Header[] = [];
  let at = "AMQP0091".length;
  while (at + FRAME_HEAD <= sent.length) {
    const size = sent.readUInt32BE(at + 3);
    if (sent[at] === HEADER) {
      const hasTable = (sent.readUInt16BE(at + FLAGS_AT) & HEADERS) !== 0;
      const behindContentType = at + PROPERTIES_AT + 1 + sent.readUInt8(at + PROPERTIES_AT);
      found.push({
        size: size - (PROPERTIES_AT - FRAME_HEAD) + 2,
        table: hasTable ? sent.readUInt32BE(behindContentType) : undefined,
      });
    }
    at += FRAME_HEAD + size + 1;
  }
  return found;
}

/** Publishes tasks through a proxy, and resolves with what was seen of them there and in the queue. */
async function published(t: TestContext, ttlMs: number | undefined) {
  const queue = uniqueQueue(t);
  const proxy = await TcpProxy.start(t, new BrokerUrl(brokerUrl).port);
  const sent: Buffer[] = [];
  proxy.onSent = (bytes) => sent.push(bytes);
  const urls = [new BrokerUrl(`amqp://127.0.0.1:${proxy.port}`)];
  const tasks = Array.from({ length: 50 }, (_, number) => `task ${number}`);
  await publishAll(tasks, { queue, urls, ttlMs });
  const headers = contentHeaders(Buffer.concat(sent));
  assert.equal(headers.length, tasks.length);
  const messages = await readAllMessages(await openChannel(t), queue);
  assert.equal(messages.length, tasks.length);
  return { headers, properties: messages.map(({ properties }) => properties) };
}

// An Erlang binary of more than 64 bytes lives outside the process heap, and every process of the broker that passes
// it on pays for that: 54 to 62 µs a message instead of 40 to 45 (docs/performance.md).
for (const { what, ttlMs } of [
  { what: "a plain task", ttlMs: undefined },
  { what: "a task with --ttl", ttlMs: 596 * 3_600_000 },
])
  test(`the properties of ${what} stay under 64 bytes, or each message would cost the broker more`, async (t) => {
    const { headers, properties } = await published(t, ttlMs);
    t.diagnostic(`${Math.max(...headers.map(({ size }) => size))} bytes`);
    for (const { size, table } of headers) {
      assert.ok(size < 64, `${size} bytes`);
      // amqplib writes a table in any case: of four bytes where there are no headers.
      assert.equal(table ?? 0, 0, "no headers");
    }
    for (const { contentType, messageId, timestamp, deliveryMode, expiration } of properties) {
      assert.equal(contentType, "text/plain");
      assert.ok(messageId.length > 0 && messageId.length <= 16, messageId);
      assert.ok(Math.abs(timestamp * 1_000 - Date.now()) < 60_000, String(timestamp));
      assert.equal(deliveryMode, 2);
      assert.equal(expiration, ttlMs === undefined ? undefined : String(ttlMs));
    }
  });
