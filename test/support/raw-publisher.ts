import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { brokerUrl } from "./queue.js";

/** AMQP 0-9-1 frame types and the methods used here, class and method as one number (spec 1.2 and 2.3). */
const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const FRAME_END = 0xce;
const CONNECTION_START = 0x0a_000a;
const CONNECTION_TUNE = 0x0a_001e;
const CONNECTION_OPEN_OK = 0x0a_0029;
const CONNECTION_CLOSE = 0x0a_0032;
const CHANNEL_OPEN_OK = 0x14_000b;
const CHANNEL_CLOSE = 0x14_0028;
const CONFIRM_SELECT_OK = 0x55_000b;
const BASIC_PUBLISH = 0x3c_0028;
const BASIC_ACK = 0x3c_0050;
const CLASS_BASIC = 0x3c;

const uint = (bytes: number, value: number | bigint): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt(value));
  return buffer.subarray(8 - bytes);
};
const short = (text: string | Buffer): Buffer =>
  Buffer.concat([uint(1, Buffer.byteLength(text)), Buffer.from(text)]);
const long = (bytes: string | Buffer): Buffer =>
  Buffer.concat([uint(4, Buffer.byteLength(bytes)), Buffer.from(bytes)]);

/** The properties of a message, each as the bytes of its value; in the order of the wire (spec, class basic). */
const flags = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
} as const;
export type RawProperties = { [property in keyof typeof flags]?: Buffer };

/** What property values and header fields are made of; a field is its type tag and its value (spec 4.2.5.5). */
export const raw = {
  uint,
  short,
  long,
  /** A table of fields, or with `tag` a table as a field. */
  table: (fields: Record<string, Buffer>): Buffer =>
    long(Buffer.concat(Object.entries(fields).flatMap(([name, field]) => [short(name), field]))),
  array: (...fields: Buffer[]): Buffer => long(Buffer.concat(fields)),
  field: (tag: string, value: Buffer = Buffer.alloc(0)): Buffer => Buffer.concat([Buffer.from(tag), value]),
};

/**
 * Publishes over a plain socket, with the bytes of properties as given: what amqplib cannot encode, other
 * clients can.
 */
export class RawPublisher {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #look = () => {};
  #frameMax = 0;
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const over = () => {
      this.#ended = true;
      this.#look();
    };
    socket.on("error", over).on("close", over);
    socket.on("data", (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#look();
    });
  }

  /** Connects and opens a channel with confirms; cut when the test ends. */
  static async open(t: TestContext): Promise<RawPublisher> {
    const { host, port } = new BrokerUrl(brokerUrl);
    const socket = connect(port, host);
    t.after(() => socket.destroy());
    const publisher = new RawPublisher(socket);
    socket.write(Buffer.from("AMQP\0\0\x09\x01"));
    await publisher.#expect(CONNECTION_START);
    publisher.#send(0x0a_000b, long(""), short("PLAIN"), long("\0guest\0guest"), short("en_US"));
    const tune = await publisher.#expect(CONNECTION_TUNE);
    publisher.#frameMax = tune.readUInt32BE(2);
    publisher.#send(0x0a_001f, tune.subarray(0, 6), uint(2, 0));
    publisher.#send(0x0a_0028, short("/"), short(""), uint(1, 0));
    await publisher.#expect(CONNECTION_OPEN_OK);
    publisher.#send(0x14_000a, short(""));
    await publisher.#expect(CHANNEL_OPEN_OK);
    publisher.#send(0x55_000a, uint(1, 0));
    await publisher.#expect(CONFIRM_SELECT_OK);
    return publisher;
  }

  /** Room for properties in the one frame that has to hold them all, in bytes. */
  get propertiesMax(): number {
    return this.#frameMax - 8 - 14;
  }

  /** Publishes to a queue and waits for the confirm. @throws Error with the broker's words where it refuses */
  async publish(queue: string, properties: RawProperties, body: Buffer): Promise<void> {
    let present = 0;
    const values: Buffer[] = [];
    for (const name of Object.keys(flags) as (keyof typeof flags)[]) {
      const value = properties[name];
      if (value === undefined) continue;
      present |= flags[name];
      values.push(value);
    }
    this.#send(BASIC_PUBLISH, uint(2, 0), short(""), short(queue), uint(1, 0));
    this.#frame(HEADER, uint(2, CLASS_BASIC), uint(2, 0), uint(8, body.length), uint(2, present), ...values);
    const room = this.#frameMax - 8;
    for (let at = 0; at < body.length; at += room) this.#frame(BODY, body.subarray(at, at + room));
    await this.#expect(BASIC_ACK);
  }

  #send(method: number, ...parts: Buffer[]): void {
    this.#frame(METHOD, uint(4, method), ...parts);
  }

  #frame(type: number, ...parts: Buffer[]): void {
    const payload = Buffer.concat(parts);
    // Methods of the connection's class go on channel 0, everything else on the one channel there is.
    const channel = type === METHOD && payload.readUInt16BE(0) === 0x0a ? 0 : 1;
    this.#socket.write(
      Buffer.concat([uint(1, type), uint(2, channel), long(payload), Buffer.from([FRAME_END])]),
    );
  }

  /** Waits for a method and gives its arguments. */
  async #expect(method: number): Promise<Buffer> {
    for (;;) {
      const size = this.#received.length < 7 ? Number.POSITIVE_INFINITY : this.#received.readUInt32BE(3);
      if (this.#received.length < 7 + size + 1) {
        if (this.#ended) throw new Error("The broker hung up.");
        await new Promise<void>((resolve) => {
          this.#look = resolve;
        });
        continue;
      }
      const type = this.#received[0];
      const payload = this.#received.subarray(7, 7 + size);
      this.#received = this.#received.subarray(7 + size + 1);
      if (type !== METHOD) continue; // a heartbeat
      const got = payload.readUInt32BE(0);
      const args = payload.subarray(4);
      if (got === method) return args;
      if (got === CHANNEL_CLOSE || got === CONNECTION_CLOSE)
        throw new Error(`${args.readUInt16BE(0)} ${args.subarray(3, 3 + (args[2] ?? 0))}`);
      throw new Error(`Unexpected method ${got.toString(16)}`);
    }
  }
}
