import type { ChannelWire } from "./channel-wire.js";
import { basicMethod, FRAME_HEAD, writeUInt64 } from "./frames.js";

/** Methods with the same fields: a delivery tag, and bits (1.8.3.13; 1.8.3.14; nack is RabbitMQ's own). */
const BASIC_ACK = 80;
const BASIC_REJECT = 90;
const BASIC_NACK = 120;
const TAG_AT = FRAME_HEAD + 4;

/** Answers the deliveries of a channel. False where it is closed, and the broker will redeliver them anyway. */
export class Answers {
  readonly #wire: ChannelWire;
  readonly #ack: Buffer;
  readonly #nack: Buffer;
  readonly #reject: Buffer;

  constructor(wire: ChannelWire) {
    this.#wire = wire;
    const frame = (method: number, bits: number) =>
      basicMethod(wire.number, method, Buffer.alloc(8), Buffer.of(bits));
    this.#ack = frame(BASIC_ACK, 0); // multiple: no
    this.#nack = frame(BASIC_NACK, 2); // multiple: no, requeue: yes
    this.#reject = frame(BASIC_REJECT, 1); // requeue: yes
  }

  ack(deliveryTag: number): boolean {
    return this.#send(this.#ack, deliveryTag);
  }

  nack(deliveryTag: number): boolean {
    return this.#send(this.#nack, deliveryTag);
  }

  reject(deliveryTag: number): boolean {
    return this.#send(this.#reject, deliveryTag);
  }

  #send(frame: Buffer, deliveryTag: number): boolean {
    if (!this.#wire.open) return false;
    this.#wire.send(frame.length, (buffer, at) => {
      buffer.set(frame, at);
      writeUInt64(buffer, deliveryTag, at + TAG_AT);
    });
    return true;
  }
}
