import type { ChannelWire } from "./channel-wire.js";
import { basicMethod, FRAME_HEAD, writeUInt64 } from "./frames.js";

const BASIC_ACK = 80;
/** Class and method come before the delivery tag. */
const TAG_AT = FRAME_HEAD + 4;

/** Acknowledges deliveries of a channel, those of one turn in one write. */
export class Acks {
  readonly #wire: ChannelWire;
  readonly #frame: Buffer;

  constructor(wire: ChannelWire) {
    this.#wire = wire;
    this.#frame = basicMethod(wire.number, BASIC_ACK, Buffer.alloc(8), Buffer.of(0)); // tag, multiple (1.8.3.13)
  }

  /** basic.ack of one delivery. False where the channel is closed, and the broker will redeliver it. */
  ack(deliveryTag: number): boolean {
    if (!this.#wire.open) return false;
    this.#wire.send(this.#frame.length, (buffer, at) => {
      buffer.set(this.#frame, at);
      writeUInt64(buffer, deliveryTag, at + TAG_AT);
    });
    return true;
  }
}
