import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { PublishFrames } from "#dist/queue/publish-frames.js";
import { Task } from "#dist/queue/task.js";

/** amqplib's own encoder, of which it has no types. */
interface Encoder {
  BasicPublish: number;
  BasicProperties: number;
  encodeMethod(method: number, channel: number, fields: object): Buffer;
  encodeProperties(properties: number, channel: number, size: number, fields: object): Buffer;
}
const require = createRequire(import.meta.url);
const inside = (file: string): string => join(dirname(require.resolve("amqplib")), "lib", file);
const amqplib: Encoder = require(inside("defs.js"));
const { makeBodyFrame }: { makeBodyFrame(channel: number, body: Buffer): Buffer } = require(
  inside("frame.js"),
);

/** amqplib sends frames of its own between any two pieces. */
function isWholeFrames(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length) at += bytes.readUInt32BE(at + 3) + 8;
  return at === bytes.length;
}

const target = fc.record({
  channel: fc.integer({ min: 1, max: 65_535 }),
  frameMax: fc.integer({ min: 4_096, max: 10_000 }),
  queue: fc.string({ unit: "grapheme", maxLength: 20 }),
  persistent: fc.boolean(),
  ttlMs: fc.option(fc.nat(), { nil: undefined }),
});
const published = fc.record({
  id: fc.uuid(),
  body: fc.uint8Array({ maxLength: 30_000, size: "max" }).map((bytes) => Buffer.from(bytes)),
  maybeStored: fc.boolean(),
  now: fc.integer({ min: 0, max: 2 ** 40 }),
});

test("a publish is encoded as amqplib encodes it, byte by byte", () => {
  fc.assert(
    fc.property(target, published, (target, { id, body, maybeStored, now }) => {
      const { channel, frameMax, queue, persistent, ttlMs } = target;
      const expected = [
        amqplib.encodeMethod(amqplib.BasicPublish, channel, {
          exchange: "",
          routingKey: queue,
          mandatory: true,
        }),
        amqplib.encodeProperties(amqplib.BasicProperties, channel, body.length, {
          contentType: "text/plain; charset=utf-8",
          headers: maybeStored ? { "x-possible-duplicate": true } : {},
          deliveryMode: persistent ? 2 : 1,
          expiration: ttlMs === undefined ? undefined : String(ttlMs),
          messageId: id,
          timestamp: now,
        }),
      ];
      for (let from = 0; from < body.length; from += frameMax - 8)
        expected.push(makeBodyFrame(channel, body.subarray(from, from + frameMax - 8)));

      const sent: Buffer[] = [];
      const send = (bytes: number, write: (into: Buffer, at: number) => void) => {
        const around = 3;
        const buffer = Buffer.alloc(around + bytes + around, 0xaa);
        write(buffer, around);
        const outside = [buffer.subarray(0, around), buffer.subarray(around + bytes)];
        assert.ok(outside.every((left) => left.every((byte) => byte === 0xaa)));
        sent.push(buffer.subarray(around, around + bytes));
      };
      new PublishFrames(target).send(new Task(id, body), maybeStored, now, { send });
      assert.deepEqual(Buffer.concat(sent), Buffer.concat(expected));
      for (const bytes of sent) assert.ok(isWholeFrames(bytes));
    }),
  );
});
