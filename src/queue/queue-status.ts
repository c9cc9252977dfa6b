import type { ChannelModel } from "amqplib";
import { Management, type ManagementOptions } from "./management.js";
import { askAboutQueue } from "./management-queue.js";
import { lookAtQueue } from "./queue-operations.js";

/** A consumer of the queue, by RabbitMQ's samples: it takes one every 5 s, so they may be 10 s old. */
export interface WorkerStatus {
  /** Its consumer tag, which is a worker's `--name`. */
  name: string;
  /** Unacknowledged tasks the broker sends it at most; 0: no limit. */
  prefetch: number | null;
  /** Tasks it holds; null where it is not known, or its channel has other consumers too. */
  unacknowledged: number | null;
}

/** How a queue stands. What is not known is null. */
export interface QueueStatus {
  at: Date;
  queue: string;
  vhost: string;
  /** `classic`, `quorum`, `stream`. */
  type: string | null;
  /** Tasks waiting for a worker; exact, but of a stream. */
  ready: number;
  /** Tasks sent to workers and not acknowledged; exact on a classic queue, up to 5 s old on the others. */
  unacknowledged: number | null;
  /** Consumers; exact, so ahead of `workers` for a moment. Of a stream RabbitMQ counts none. */
  workerCount: number;
  workers: WorkerStatus[] | null;
  /** Tasks per second; samples too. */
  rates: { publish: number | null; ack: number | null };
  /** Whether one worker is given all tasks while the others wait (`x-single-active-consumer`). */
  singleActiveConsumer: boolean | null;
  /** Why the management API did not tell it all; null where it did. */
  unknownBecause: string | null;
}

/**
 * Looks at a queue over AMQP, without creating it, and adds what the management API tells.
 * @throws WorkQueueError as lookAtQueue does; whatever goes wrong with the management API is told in `unknownBecause`
 */
export async function queueStatus(
  connection: ChannelModel,
  queue: string,
  options: ManagementOptions,
): Promise<QueueStatus> {
  const counts = await lookAtQueue(connection, queue);
  const { vhost, username } = options.broker;
  const { type, totals, workers, rates, singleActiveConsumer, unknownBecause } = await askAboutQueue(
    new Management(options),
    { vhost, queue, username },
  );
  return {
    at: new Date(),
    queue,
    vhost,
    type,
    // Of a classic queue the API has both from the queue itself, in one moment; of others from a sample.
    ready: type === "classic" && totals !== null ? totals.ready : counts.ready,
    unacknowledged: totals?.unacknowledged ?? null,
    workerCount: counts.workers,
    workers,
    rates,
    singleActiveConsumer,
    unknownBecause,
  };
}
