import type { Channel, ChannelModel } from "amqplib";
import { codeOf, reasonOf, WorkQueueError } from "./errors.js";
import { refusal } from "./queue-channel.js";

/** AMQP reply codes (spec 1.2). */
const NOT_FOUND = 404;
const PRECONDITION_FAILED = 406;
const NOT_IMPLEMENTED = 540;

/** What AMQP itself tells of a queue (queue.declare-ok), exact at that moment. */
export interface QueueCounts {
  /** Tasks waiting for a worker. */
  ready: number;
  /** Consumers. */
  workers: number;
}

/** On which conditions a queue is deleted. */
export interface DeleteConditions {
  /** Only where no task is ready; those in workers' hands do not count (RabbitMQ, queue.delete). */
  ifEmpty: boolean;
  /** Only where it has no consumer. */
  ifUnused: boolean;
}

/** Looks at a queue without creating it. @throws WorkQueueError QUEUE_MISSING, QUEUE_UNAVAILABLE, QUEUE_REFUSED */
export function lookAtQueue(connection: ChannelModel, queue: string): Promise<QueueCounts> {
  return onChannel(connection, queue, async (channel) => {
    const { messageCount, consumerCount } = await channel.checkQueue(queue);
    return { ready: messageCount, workers: consumerCount };
  });
}

/**
 * Drops the tasks that are ready; those in workers' hands stay. Resolves with how many went.
 * @throws WorkQueueError as lookAtQueue does
 */
export function purgeQueue(connection: ChannelModel, queue: string): Promise<number> {
  return onChannel(connection, queue, async (channel) => (await channel.purgeQueue(queue)).messageCount);
}

/**
 * Deletes a queue, with all that is in it. Resolves with the number of ready tasks that went, and of the
 * consumers it had just before.
 * @throws WorkQueueError as lookAtQueue does; QUEUE_KEPT where a condition does not hold, or the queue is
 * a quorum queue, for which RabbitMQ knows no conditions
 */
export function deleteQueue(
  connection: ChannelModel,
  queue: string,
  conditions: DeleteConditions,
): Promise<QueueCounts> {
  return onChannel(connection, queue, async (channel) => {
    // To delete a queue that is not there succeeds (RabbitMQ's extension), which would hide a wrong name.
    const { consumerCount } = await channel.checkQueue(queue);
    return { ready: (await channel.deleteQueue(queue, conditions)).messageCount, workers: consumerCount };
  });
}

async function onChannel<T>(
  connection: ChannelModel,
  queue: string,
  work: (channel: Channel) => Promise<T>,
): Promise<T> {
  // What is asked for on a connection that ends meanwhile fails without telling why it ended.
  let ended: unknown;
  const note = (error: unknown) => {
    ended = error;
  };
  connection.on("error", note);
  try {
    const channel = await connection.createChannel();
    channel.on("error", () => {}); // a refusal is also emitted
    const result = await work(channel);
    channel.close().catch(() => {}); // the answer is here
    return result;
  } catch (error) {
    throw failure(ended ?? error, queue);
  } finally {
    connection.off("error", note);
  }
}

function failure(error: unknown, queue: string): unknown {
  const code = codeOf(error);
  const said = reasonOf(error);
  // The same code is given where the node of a queue that exists is down.
  if (code === NOT_FOUND && said.includes("NOT_FOUND - no queue "))
    return new WorkQueueError("QUEUE_MISSING", `There is no queue "${queue}".`, error);
  const [, why] = /' (not empty|in use)"?$/.exec(said) ?? [];
  if (code === PRECONDITION_FAILED && why !== undefined) {
    const has = why === "in use" ? "workers listen on it" : "it has ready tasks";
    return new WorkQueueError("QUEUE_KEPT", `Queue "${queue}" is not deleted: ${has}.`, error);
  }
  if (code === NOT_IMPLEMENTED)
    return new WorkQueueError(
      "QUEUE_KEPT",
      `Queue "${queue}" is not deleted: it is a quorum queue, and RabbitMQ deletes those without conditions only.`,
      error,
    );
  if (typeof code === "number") return refusal(error, queue);
  return new WorkQueueError("CONNECTION_LOST", `The connection was lost (${said}).`, error);
}
