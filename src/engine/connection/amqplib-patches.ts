import type { ChannelModel } from "amqplib";

/**
 * Patches for two amqplib 2.3 defects that lose connections. Only these use its internals; in a version whose
 * internals differ, each patch does nothing.
 */
export function patchAmqplib({ connection }: ChannelModel): void {
  listenFirst(connection);
  surviveUnreadableHeaders(connection);
}

const patched = new WeakSet<object>();

/**
 * Makes amqplib's connect() resolve before amqplib reads what follows open-ok. Otherwise a connection.close in the
 * same segment is handled before there is a listener: an error ends the process, a shutdown goes unnoticed. Applies
 * to the process, from the next connection on: this one has already been read from.
 */
function listenFirst(connection: object): void {
  const prototype: { acceptLoop?: unknown } = Object.getPrototypeOf(connection);
  const { acceptLoop } = prototype; // lib/connection.js: called as the last step of opening
  if (typeof acceptLoop !== "function" || patched.has(prototype)) return;
  patched.add(prototype);
  prototype.acceptLoop = function (this: unknown) {
    setImmediate(() => acceptLoop.call(this));
  };
}

/** Members of amqplib's connection that its types omit (lib/connection.js). */
interface Receiver {
  /** Received and not yet read. */
  rest: Buffer;
  /** Reads the next frame off `rest`, then decodes it. */
  recvFrame(): unknown;
}

/**
 * Delivers messages whose headers amqplib cannot decode, without these headers. RabbitMQ accepts them from
 * other clients: a field of type "L" (64 bits, as "l"), and tables or arrays thousands of levels deep, which
 * overflow the stack of amqplib's decoder. amqplib treats either as a broken connection and closes it; the
 * broker would redeliver the message to one worker after another, endlessly.
 */
function surviveUnreadableHeaders(connection: object): void {
  if (!isReceiver(connection)) return;
  const recvFrame = connection.recvFrame;
  connection.recvFrame = () => {
    const received = connection.rest;
    try {
      return recvFrame.call(connection);
    } catch (error) {
      const frame = connection.rest === received ? undefined : withoutHeaders(received);
      if (frame === undefined) throw error;
      connection.rest = Buffer.concat([frame, connection.rest]);
      return recvFrame.call(connection);
    }
  };
}

function isReceiver(connection: object): connection is Receiver {
  return (
    "rest" in connection &&
    Buffer.isBuffer(connection.rest) &&
    "recvFrame" in connection &&
    typeof connection.recvFrame === "function"
  );
}

/** A frame: type, channel and size before its payload, one octet behind it (AMQP 0-9-1, 4.2.3). */
const FRAME_HEAD = 7;
const FRAME_OVERHEAD = FRAME_HEAD + 1;
/** The type of a content header's frame, and where its properties are (4.2.6.1). */
const HEADER = 2;
const PROPERTIES_AT = FRAME_HEAD + 14;
/** Property flags, in the order of the properties. */
const CONTENT_TYPE = 0x8000;
const CONTENT_ENCODING = 0x4000;
const HEADERS = 0x2000;

/** The first frame of what was received, less its headers; undefined where it is no whole frame with headers. */
export function withoutHeaders(received: Buffer): Buffer | undefined {
  if (received.length < PROPERTIES_AT || received[0] !== HEADER) return undefined;
  const end = received.readUInt32BE(3) + FRAME_OVERHEAD;
  const flags = received.readUInt16BE(PROPERTIES_AT - 2);
  if (received.length < end || (flags & HEADERS) === 0) return undefined;
  let from = PROPERTIES_AT;
  for (const flag of [CONTENT_TYPE, CONTENT_ENCODING]) if (flags & flag) from += 1 + received.readUInt8(from);
  const to = from + 4 + received.readUInt32BE(from);
  const frame = Buffer.concat([received.subarray(0, from), received.subarray(to, end)]);
  frame.writeUInt32BE(frame.length - FRAME_OVERHEAD, 3);
  frame.writeUInt16BE(flags & ~HEADERS, PROPERTIES_AT - 2);
  return frame;
}
