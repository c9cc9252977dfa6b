/** What every frame adds to its payload, and the octet it ends with (AMQP 0-9-1, 4.2.3). */
export const FRAME_HEAD = 7;
export const FRAME_OVERHEAD = FRAME_HEAD + 1;
export const FRAME_END = 0xce;

/** Types of frames, and the class of publishes, deliveries and acks. */
const METHOD = 1;
export const HEADER = 2;
export const BODY = 3;
export const BASIC = 60;

/** The frame of a method of the class basic (4.2.4). */
export function basicMethod(channel: number, method: number, ...fields: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([Buffer.of(0, BASIC, 0, method), ...fields]);
  return Buffer.concat([frameHead(METHOD, channel, payload.length), payload, Buffer.of(FRAME_END)]);
}

/** All of a frame before its payload of so many bytes. */
export function frameHead(type: number, channel: number, size: number): Buffer {
  const head = Buffer.of(type, channel >> 8, channel & 255, 0, 0, 0, 0);
  head.writeUInt32BE(size, 3);
  return head;
}

/** A length octet and so many bytes of UTF-8 (4.2.5.3). */
export function shortString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** Writes a number of 64 bits; returns the offset behind it. */
export function writeUInt64(into: Buffer, value: number, at: number): number {
  into.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  return into.writeUInt32BE(value % 2 ** 32, at + 4);
}
