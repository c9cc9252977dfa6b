import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChannelModel } from "amqplib";
import { patchAmqplib, withoutHeaders } from "#dist/engine/connection/amqplib-patches.js";

/** A frame of a message's properties: class, weight, size of the body, flags, values. */
function headerFrame(flags: number, ...values: number[][]): Buffer {
  const payload = [0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, flags >> 8, flags & 0xff, ...values.flat()];
  return Buffer.from([2, 0, 1, 0, 0, 0, payload.length, ...payload, 0xce]);
}
const contentType = [3, 0x61, 0x2f, 0x62];
const contentEncoding = [1, 0x63];
const headers = [0, 0, 0, 3, 1, 0x4c, 0x56];
const messageId = [2, 0x69, 0x64];

test("the headers are cut out of a frame, and everything else is left in it", () => {
  const next = Buffer.from([3, 0, 1]);
  for (const [frame, less] of [
    [headerFrame(0x2000, headers), headerFrame(0)],
    [headerFrame(0x2080, headers, messageId), headerFrame(0x0080, messageId)],
    [headerFrame(0xa080, contentType, headers, messageId), headerFrame(0x8080, contentType, messageId)],
    [
      headerFrame(0xe080, contentType, contentEncoding, headers, messageId),
      headerFrame(0xc080, contentType, contentEncoding, messageId),
    ],
  ] as const) {
    assert.deepEqual(withoutHeaders(frame), less);
    assert.deepEqual(withoutHeaders(Buffer.concat([frame, next])), less);
  }
});

test("a frame that is not there as a whole, has no headers or is no header frame is left alone", () => {
  const whole = headerFrame(0xe080, contentType, contentEncoding, headers, messageId);
  for (let length = 0; length < whole.length; length++)
    assert.equal(withoutHeaders(whole.subarray(0, length)), undefined, `${length} bytes`);
  assert.equal(withoutHeaders(headerFrame(0xc000, contentType, contentEncoding)), undefined);
  const method = Buffer.from(whole);
  method[0] = 1;
  assert.equal(withoutHeaders(method), undefined);
});

test("what else goes wrong with a connection still goes wrong", () => {
  const broken = new Error("Invalid frame");
  for (const rest of [Buffer.alloc(0), headerFrame(0), headerFrame(0x2000, headers)]) {
    const connection = {
      rest,
      recvFrame: () => {
        throw broken;
      },
    };
    patchAmqplib({ connection } as unknown as ChannelModel);
    assert.throws(() => connection.recvFrame(), broken);
  }
});

test("an amqplib that works otherwise is left as it is", () => {
  for (const connection of [{}, { rest: "", recvFrame() {} }, { rest: Buffer.alloc(0), recvFrame: 1 }]) {
    const { recvFrame } = connection as { recvFrame?: unknown };
    patchAmqplib({ connection } as unknown as ChannelModel);
    assert.equal((connection as { recvFrame?: unknown }).recvFrame, recvFrame);
  }
});
