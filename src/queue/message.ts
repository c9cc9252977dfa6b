/** Why a message came back, from the fields of basic.return. amqplib's types leave out its reply-text. */
export function returnReason(fields: object): string {
  return "replyText" in fields ? String(fields.replyText) : "no queue took it";
}

/**
 * The broker's limit in bytes where it closed a channel over a larger message, else undefined. It is told
 * in the reply-text alone (RabbitMQ configuration `max_message_size`).
 */
export function sizeLimit(replyText: string): number | undefined {
  const limit = /message size \d+ is larger than (?:configured )?max size (\d+)/.exec(replyText)?.[1];
  return limit === undefined ? undefined : Number(limit);
}

/** Why a task is not published, or was refused. `limit` in bytes. */
export function tooLarge(limit: number): string {
  return `larger than the ${limit.toLocaleString("en-US")} bytes this broker takes (max_message_size), not stored`;
}
