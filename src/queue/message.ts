import type { Options } from "amqplib";
import type { Task } from "./task.js";

/** Header of a task published a second time because its first confirm was lost: a worker may see it twice. */
const POSSIBLE_DUPLICATE = { "x-possible-duplicate": true };

/** The properties a task is published with. `maybeStored`: an earlier publish of it may have arrived. */
export function messageProperties(
  task: Task,
  { persistent, ttlMs }: { persistent: boolean; ttlMs: number | undefined },
  maybeStored: boolean,
): Options.Publish {
  return {
    persistent,
    mandatory: true, // a confirm alone does not say that any queue took it (guide "Confirms")
    messageId: task.id,
    timestamp: Math.floor(Date.now() / 1000),
    contentType: "text/plain; charset=utf-8",
    ...(ttlMs === undefined ? {} : { expiration: String(ttlMs) }),
    ...(maybeStored ? { headers: POSSIBLE_DUPLICATE } : {}),
  };
}

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
