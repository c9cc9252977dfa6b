import { randomBytes } from "node:crypto";

/** Tasks per prefix: their number then has at most five digits in base 36. */
const PER_PREFIX = 36 ** 5;

let prefix = "";
let count = 0;

/**
 * A message id of at most 16 characters: ten random ones, new for each process and after 60 million tasks, and a
 * counter in base 36. The ten hold 50 random bits: the chance of two equal among 100,000 prefixes is 1 in 200,000. It
 * is short because a message whose properties exceed 64 bytes costs the broker more (docs/performance.md).
 */
export function nextMessageId(): string {
  if (count % PER_PREFIX === 0) prefix = newPrefix();
  return `${prefix}-${(count++ % PER_PREFIX).toString(36)}`;
}

/** Five random bits a character. */
const newPrefix = (): string => Array.from(randomBytes(10), (byte) => (byte % 32).toString(32)).join("");

/** Why a message came back, from the fields of basic.return. amqplib's types leave out its reply-text. */
export function returnReason(fields: object): string {
  return "replyText" in fields ? String(fields.replyText) : "no queue took it";
}

/**
 * The broker's limit in bytes where it closed a channel over a larger message, else undefined. Only the reply-text
 * has it (RabbitMQ configuration `max_message_size`).
 */
export function sizeLimit(replyText: string): number | undefined {
  const limit = /message size \d+ is larger than (?:configured )?max size (\d+)/.exec(replyText)?.[1];
  return limit === undefined ? undefined : Number(limit);
}

/** Why a task is not published, or was refused. `limit` in bytes. */
export function tooLarge(limit: number): string {
  return `larger than the ${limit.toLocaleString("en-US")} bytes this broker takes (max_message_size), not stored`;
}
