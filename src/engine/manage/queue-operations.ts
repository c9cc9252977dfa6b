import type { Channel, ChannelModel } from "amqplib";
import { differenceIn, refusal } from "../connection/declare-queue.js";
import { type ConnectionRequest, withConnection } from "../connection/with-connection.js";
import { codeOf, reasonOf, WorkQueueError } from "../errors.js";

/** AMQP reply codes (spec 1.2). */
const NOT_FOUND = 404;
const PRECONDITION_FAILED = 406;
const NOT_IMPLEMENTED = 540;

/** What was to be done with the queue. */
type Done = "looked at" | "purged" | "deleted";

/** What AMQP itself says about a queue (queue.declare-ok), exact at that moment. */
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

/** Which queue, and where. */
export interface QueueRequest extends ConnectionRequest {
  queue: string;
}

/** Looks at a queue without creating it. @throws WorkQueueError as countQueue and a first connection do */
export function lookAtQueue(request: QueueRequest): Promise<QueueCounts> {
  return withConnection(request, (connection) => countQueue(connection, request.queue));
}

/** Counts on a connection that is there. @throws WorkQueueError QUEUE_MISSING, QUEUE_UNAVAILABLE, QUEUE_REFUSED */
export function countQueue(connection: ChannelModel, queue: string): Promise<QueueCounts> {
  return onChannel(connection, queue, async (channel) => {
    const { messageCount, consumerCount } = await channel.checkQueue(queue);
    return { ready: messageCount, workers: consumerCount };
  });
}

/**
 * Drops the tasks that are ready; those in workers' hands stay. Resolves with how many went.
 * @throws WorkQueueError as lookAtQueue does; QUEUE_MISMATCH where it is a stream, which cannot be purged
 */
export function purgeQueue(request: QueueRequest): Promise<number> {
  const { queue } = request;
  const purge = async (channel: Channel) => (await channel.purgeQueue(queue)).messageCount;
  return withConnection(request, (connection) => onChannel(connection, queue, purge, "purged"));
}

/**
 * Deletes a queue, with all that is in it. Resolves with the number of ready tasks that went, and of the
 * consumers it had just before.
 * @throws WorkQueueError as lookAtQueue does; QUEUE_KEPT where a condition does not hold, or is asked for of a
 * quorum queue or a stream, for which RabbitMQ knows none
 */
export function deleteQueue(request: QueueRequest, conditions: DeleteConditions): Promise<QueueCounts> {
  const { queue } = request;
  return withConnection(request, async (connection) => {
    // To delete a queue that is not there succeeds (RabbitMQ's extension), which would hide a wrong name.
    const { workers } = await countQueue(connection, queue);
    // RabbitMQ refuses conditions for quorum queues; for streams it ignores them, and deletes.
    if ((conditions.ifEmpty || conditions.ifUnused) && (await isStream(connection, queue)))
      throw kept(queue, "it is a stream, for which RabbitMQ knows no conditions");
    const remove = async (channel: Channel) => (await channel.deleteQueue(queue, conditions)).messageCount;
    return { ready: await onChannel(connection, queue, remove, "deleted"), workers };
  });
}

/** Whether a queue is a stream, as far as the broker says so: only the refusal of a declaration does. */
async function isStream(connection: ChannelModel, queue: string): Promise<boolean> {
  // No queue is of this type, so it is refused whatever is there, and never creates one.
  const declared: Record<string, string | number> = { "x-queue-type": "unknown" };
  for (;;) {
    const declare = (channel: Channel) =>
      channel.assertQueue(queue, { durable: true, arguments: declared }).then(() => undefined, differenceIn);
    const { argument = "", actual = "" } = (await onChannel(connection, queue, declare)) ?? {};
    if (argument === "x-queue-type") return actual === "stream";
    // Another argument is named first, a stream's x-max-length-bytes for instance: once more, with that as it is.
    if (!argument.startsWith("x-") || argument in declared) return false;
    declared[argument] = /^\d+$/.test(actual) ? Number(actual) : actual;
  }
}

async function onChannel<T>(
  connection: ChannelModel,
  queue: string,
  work: (channel: Channel) => Promise<T>,
  done: Done = "looked at",
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
    throw failure(ended ?? error, queue, done);
  } finally {
    connection.off("error", note);
  }
}

function failure(error: unknown, queue: string, done: Done): unknown {
  const code = codeOf(error);
  const said = reasonOf(error);
  // The same code is given where the node of a queue that exists is down.
  if (code === NOT_FOUND && said.includes("NOT_FOUND - no queue "))
    return new WorkQueueError("QUEUE_MISSING", `There is no queue "${queue}".`, error);
  const [, why] = /' (not empty|in use)"?$/.exec(said) ?? [];
  if (code === PRECONDITION_FAILED && why !== undefined)
    return kept(queue, why === "in use" ? "workers listen on it" : "it has ready tasks", error);
  if (code === NOT_IMPLEMENTED) {
    const [, reason = said] = /NOT_IMPLEMENTED - (.*?)"?$/s.exec(said) ?? [];
    const message = `Queue "${queue}" is not ${done}: RabbitMQ says "${reason}".`;
    return new WorkQueueError(done === "deleted" ? "QUEUE_KEPT" : "QUEUE_MISMATCH", message, error);
  }
  if (typeof code === "number") return refusal(error, queue);
  return new WorkQueueError("CONNECTION_LOST", `The connection was lost (${said}).`, error);
}

const kept = (queue: string, why: string, cause?: unknown): WorkQueueError =>
  new WorkQueueError("QUEUE_KEPT", `Queue "${queue}" is not deleted: ${why}.`, cause);
