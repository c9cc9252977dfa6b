import type { ChannelWire } from "./channel-wire.js";
import {
  BASIC,
  BODY,
  basicMethod,
  FRAME_END,
  FRAME_HEAD,
  FRAME_OVERHEAD,
  frameHead,
  HEADER,
  shortString,
  writeUInt64,
} from "./frames.js";
import type { Task } from "./task.js";

const BASIC_PUBLISH = 40;
/** A confirm alone does not say that any queue took the message (guide "Confirms"). */
const MANDATORY = 1;

/** Flags of the properties in a content header, which stand there in this order (4.2.6.1). */
const CONTENT_TYPE = 1 << 15;
const HEADERS = 1 << 13;
const DELIVERY_MODE = 1 << 12;
const EXPIRATION = 1 << 8;
const MESSAGE_ID = 1 << 7;
const TIMESTAMP = 1 << 6;

/** Of a task published a second time because its first confirm was lost: a worker may see it twice. */
const POSSIBLE_DUPLICATE = Buffer.concat([shortString("x-possible-duplicate"), Buffer.from("t\x01")]);
/** Sent all the same, as amqplib does: its readers may count on there being headers. */
const NO_HEADERS = Buffer.alloc(0);

/** What all tasks of a publisher have in common on one channel. */
export interface PublishTarget {
  channel: number;
  /** The largest frame the connection takes, in bytes. */
  frameMax: number;
  queue: string;
  persistent: boolean;
  /** In ms; undefined: a task does not expire. */
  ttlMs: number | undefined;
}

/**
 * Encodes tasks as basic.publish to a queue, through the default exchange. What they have in common is encoded
 * once: a library that encodes each by itself, from fields and properties, takes several times as long.
 */
export class PublishFrames {
  readonly #channel: number;
  readonly #bodyMax: number;
  /** All before the message id, of a first publish and of one that may be a duplicate. */
  readonly #first: Buffer;
  readonly #again: Buffer;
  /** Where the content header's frame starts in them. */
  readonly #header: number;

  constructor(target: PublishTarget) {
    this.#channel = target.channel;
    this.#bodyMax = target.frameMax - FRAME_OVERHEAD;
    // A reserved number, the exchange, the routing key, bits (1.8.3.7).
    const fields = [Buffer.alloc(2), shortString(""), shortString(target.queue), Buffer.of(MANDATORY)];
    const method = basicMethod(target.channel, BASIC_PUBLISH, ...fields);
    this.#header = method.length;
    this.#first = Buffer.concat([method, headerStart(target, false)]);
    this.#again = Buffer.concat([method, headerStart(target, true)]);
  }

  /**
   * Sends a task. Its id is ASCII, at most 255 characters.
   * @param maybeStored an earlier publish of it may have arrived: it gets a header that says so
   * @param now in seconds since 1970
   */
  send({ id, body }: Task, maybeStored: boolean, now: number, wire: Pick<ChannelWire, "send">): void {
    const start = maybeStored ? this.#again : this.#first;
    const head = start.length + 1 + id.length + 8 + 1;
    const size = Math.min(body.length, this.#bodyMax);
    wire.send(head + (size > 0 ? size + FRAME_OVERHEAD : 0), (into, at) => {
      into.set(start, at);
      let to = at + start.length;
      into[to++] = id.length;
      to += into.write(id, to, "latin1");
      to = writeUInt64(into, now, to);
      const header = at + this.#header;
      into.writeUInt32BE(to - header - FRAME_HEAD, header + 3);
      writeUInt64(into, body.length, header + FRAME_HEAD + 4);
      into[to++] = FRAME_END;
      if (size > 0) this.#writeBody(body, 0, size, into, to);
    });
    for (let from = size; from < body.length; from += this.#bodyMax) {
      const more = Math.min(body.length - from, this.#bodyMax);
      wire.send(more + FRAME_OVERHEAD, (into, at) => this.#writeBody(body, from, more, into, at));
    }
  }

  #writeBody(body: Buffer, from: number, size: number, into: Buffer, at: number): void {
    into[at] = BODY;
    into.writeUInt16BE(this.#channel, at + 1);
    into.writeUInt32BE(size, at + 3);
    into.set(size === body.length ? body : body.subarray(from, from + size), at + FRAME_HEAD);
    into[at + FRAME_HEAD + size] = FRAME_END;
  }
}

/** A content header up to its message id; its size and that of the body are still to be filled in. */
function headerStart({ channel, persistent, ttlMs }: PublishTarget, maybeStored: boolean): Buffer {
  const weightAndBodySize = 2 + 8;
  const headers = maybeStored ? POSSIBLE_DUPLICATE : NO_HEADERS;
  const flags =
    CONTENT_TYPE | HEADERS | DELIVERY_MODE | (ttlMs === undefined ? 0 : EXPIRATION) | MESSAGE_ID | TIMESTAMP;
  return Buffer.concat([
    frameHead(HEADER, channel, 0),
    Buffer.from([0, BASIC]),
    Buffer.alloc(weightAndBodySize),
    Buffer.from([flags >> 8, flags & 255]),
    shortString("text/plain; charset=utf-8"),
    Buffer.of(0, 0, 0, headers.length),
    headers,
    Buffer.of(persistent ? 2 : 1),
    ...(ttlMs === undefined ? [] : [shortString(String(ttlMs))]),
  ]);
}
