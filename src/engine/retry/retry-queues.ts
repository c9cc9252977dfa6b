import { durationText } from "../../text/numbers.js";
import { WorkQueueError } from "../errors.js";
import type { QueueType } from "../events.js";

/** An AMQP short string, which a queue name is, holds 255 bytes (spec 4.2.5.3). */
const LONGEST_NAME = 255;

/** A queue that a copy of a task is published to, and how to declare it. */
export interface TargetQueue {
  name: string;
  /** Arguments to declare it with on a broker of this version, tried in turn; undefined: it has to exist. */
  declaration?: { arguments(version: string): Record<string, unknown>[]; adopt: boolean };
}

/** Where the dead letters of a work queue are. */
export const deadQueueName = (queue: string): string => `${queue}.dead`;

/** Where tasks of a work queue wait for their next attempt: a queue for each delay. */
export const retryQueueName = (queue: string, delayMs: number): string =>
  `${queue}.retry.${durationText(delayMs)}`;

/** What the names of a work queue's retry queues begin with. */
export const retryQueuePrefix = (queue: string): string => `${queue}.retry.`;

/**
 * The queue in which tasks wait `delayMs`; the broker then dead-letters them to the work queue. Always a quorum queue,
 * for only its dead-lettering at-least-once survives a broker that is killed meanwhile (guide "Quorum Queues"). One for
 * each delay, because a message's own TTL is looked at only when it is the first in its queue (guide "TTL").
 * @throws WorkQueueError QUEUE_REFUSED where its name would be too long
 */
export function retryQueue(queue: string, delayMs: number): TargetQueue {
  const waiting = {
    "x-queue-type": "quorum",
    "x-message-ttl": delayMs,
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": queue,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish", // at-least-once asks for it
  };
  // Not used as it is where it has other arguments: tasks might wait in it forever, or be lost.
  return {
    name: checked(retryQueueName(queue, delayMs)),
    declaration: { arguments: () => [waiting], adopt: false },
  };
}

/**
 * The queue of a work queue's dead letters, of the work queue's type. Looking at a letter counts as a return to a quorum
 * queue, which from RabbitMQ 4.0 on drops a message after 20, so it gets no limit there. (Before 4.0, the same argument
 * would have the message dropped at the first return.)
 * @param type null: the broker's default, which may be quorum
 * @throws WorkQueueError QUEUE_REFUSED where its name would be too long
 */
export function deadQueue(queue: string, type: QueueType | null): TargetQueue {
  const typed = type === null ? {} : { "x-queue-type": type };
  return {
    name: checked(deadQueueName(queue)),
    declaration: {
      // A classic queue refuses the limit.
      arguments: (version) =>
        type === "classic" || !hasDeliveryLimit(version) ? [typed] : [{ ...typed, ...noLimit }, typed],
      adopt: true,
    },
  };
}

/** Arguments of a quorum queue from which no message is dropped for coming back; RabbitMQ 4.0 and later. */
export const noLimit = { "x-delivery-limit": -1 } as const;

/** Whether quorum queues of this RabbitMQ version have a delivery limit unless told otherwise: 4.0 and later. */
export const hasDeliveryLimit = (version: string): boolean => Number.parseInt(version, 10) >= 4;

/** Whether there can be a queue of this name. */
export const isQueueName = (name: string): boolean => Buffer.byteLength(name) <= LONGEST_NAME;

function checked(name: string): string {
  if (!isQueueName(name))
    throw new WorkQueueError(
      "QUEUE_REFUSED",
      `The queue name "${name}" is longer than ${LONGEST_NAME} bytes.`,
    );
  return name;
}
