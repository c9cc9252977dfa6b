import { Writable } from "node:stream";
import type { Channel } from "amqplib";
import { defaults } from "./defaults.js";

const EMPTY = Buffer.alloc(0);

/**
 * The way of frames that are encoded here, publishes and answers to deliveries, of which there may be many thousands a
 * second: past amqplib's encoder, into the same stream as its own frames. What comes in one turn goes together, behind
 * what amqplib is asked for in that turn.
 */
export class ChannelWire {
  readonly channel: Channel;
  /** The channel's number. */
  readonly number: number;
  /** The largest frame the connection takes, in bytes. */
  readonly frameMax: number;
  readonly #stream: Writable;
  #open = true;
  #full = false;
  #buffer: Buffer = EMPTY;
  /** What of the buffer is on its way, and what is taken. */
  #flushed = 0;
  #used = 0;
  #planned = false;

  constructor(channel: Channel) {
    const { stream, frameMax, number } = inside(channel);
    this.channel = channel;
    this.#stream = stream;
    this.frameMax = frameMax;
    this.number = number;
    const closed = () => {
      this.#open = false;
    };
    channel.on("error", closed); // its close event comes when everybody has heard this one
    channel.on("close", closed);
    channel.on("drain", () => {
      this.#full = false;
    });
  }

  /** Whether frames may be sent: neither it nor its connection is closed, or being closed. */
  get open(): boolean {
    return this.#open && !isClosing(this.channel);
  }

  /** Whether the stream takes no more until the channel's "drain". */
  get full(): boolean {
    return this.#full;
  }

  /**
   * Sends so many bytes, which `write` puts into the buffer from `at` on: whole frames, because amqplib sends others
   * (heartbeats, the connection's close) between any two pieces.
   */
  send(bytes: number, write: (buffer: Buffer, at: number) => void): void {
    if (this.#used + bytes > this.#buffer.length) {
      this.#flush();
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, defaults.writeBufferBytes));
      this.#flushed = 0;
      this.#used = 0;
    }
    write(this.#buffer, this.#used);
    this.#used += bytes;
    if (this.#planned) return;
    this.#planned = true;
    process.nextTick(() => {
      this.#planned = false;
      this.#flush();
    });
  }

  /** Closes the channel, behind all that was sent. */
  async close(): Promise<void> {
    this.#flush();
    this.#open = false;
    await this.channel.close();
  }

  #flush(): void {
    const bytes = this.#buffer.subarray(this.#flushed, this.#used);
    this.#flushed = this.#used;
    if (bytes.length > 0 && this.open && !this.#stream.write(bytes)) this.#full = true;
    if (this.#used < this.#buffer.length) return;
    this.#buffer = EMPTY; // may have been a large one
    this.#flushed = 0;
    this.#used = 0;
  }
}

/** amqplib shadows what sends with what throws as soon as it closes a channel or a connection. */
function isClosing(channel: Channel): boolean {
  return Object.hasOwn(channel, "sendImmediately") || Object.hasOwn(channel.connection, "sendMethod");
}

/** What amqplib 2.3 has of a channel and its types leave out (lib/connection.js, lib/channel.js). */
function inside(channel: Channel): { stream: Writable; frameMax: number; number: number } {
  const { connection } = channel;
  if (
    "frameMax" in connection &&
    typeof connection.frameMax === "number" &&
    "channels" in connection &&
    Array.isArray(connection.channels) &&
    "ch" in channel &&
    typeof channel.ch === "number"
  ) {
    const stream: unknown = connection.channels[channel.ch]?.buffer;
    if (stream instanceof Writable) return { stream, frameMax: connection.frameMax, number: channel.ch };
  }
  throw new Error("This version of amqplib does not show the streams of its channels; 2.3 does.");
}
