import type { ChannelModel } from "amqplib";
import { FRAME_HEAD, FRAME_OVERHEAD, HEADER } from "./frames.js";

/** Where a content header has its properties (AMQP 0-9-1, 4.2.6.1). */
const PROPERTIES_AT = FRAME_HEAD + 14;
/** Property flags, in the order of the properties. */
const CONTENT_TYPE = 0x8000;
const CONTENT_ENCODING = 0x4000;
const HEADERS = 0x2000;

/** What amqplib's connection has and its types leave out (2.3, lib/connection.js). */
interface Receiver {
  /** Received and not yet read. */
  rest: Buffer;
  /** Reads the next frame off `rest`, then decodes it. */
  recvFrame(): unknown;
}

/**
 * Lets messages through whose headers amqplib cannot decode, without these headers. RabbitMQ accepts them from
 * other clients: a field of type "L" (64 bits, as "l"), and tables or arrays some thousand levels deep, on which
 * amqplib's decoder overflows the stack. amqplib takes either for a broken connection and drops it; the broker
 * would deliver the message again on the next one, to one worker after the other and without end.
 */
export function surviveUnreadableHeaders({ connection }: ChannelModel): void {
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

function isReceiver(connection: object): connection is Receiver {
  return (
    "rest" in connection &&
    Buffer.isBuffer(connection.rest) &&
    "recvFrame" in connection &&
    typeof connection.recvFrame === "function"
  );
}
