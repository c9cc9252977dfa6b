const short = (text) => [text.length, ...Buffer.from(text)];

/**
 * A message's properties as bytes, in hexadecimal: two bytes of flags, then the fields, always with the delivery mode.
 * `id`: the length of the message id. (AMQP 0-9-1, section 4.2.6.1)
 */
export function encode({ contentType, headers = false, id = 0, timestamp = false }) {
  const fields = [
    [15, contentType && short(contentType)],
    [13, headers && [0, 0, 0, 0]], // an empty table
    [12, [2]], // the delivery mode: persistent
    [7, id > 0 && short("a".repeat(id))],
    [6, timestamp && [0, 0, 0, 0, 0x65, 0x53, 0xf1, 0x00]],
  ].filter(([, bytes]) => bytes);
  const flags = fields.reduce((sum, [bit]) => sum | (1 << bit), 0);
  return Buffer.from([flags >> 8, flags & 255, ...fields.flatMap(([, bytes]) => bytes)]).toString("hex");
}

/**
 * What ours sends: a content type, a message id of at most 16 characters, a timestamp, and the empty headers table that
 * amqplib always writes; and mandatory, a flag of basic.publish.
 */
export const ours = { contentType: "text/plain", headers: true, id: 16, timestamp: true };
