import type { Channel, ChannelModel } from "amqplib";
import { differenceIn, isMissing, refusal } from "../connection/declare-queue.js";
import { type ConnectionRequest, withConnection } from "../connection/with-connection.js";
import { codeOf, reasonOf, WorkQueueError } from "../errors.js";
import { isQueueName } from "../retry/retry-queues.js";

/** AMQP reply codes (spec 1.2). */
const PRECONDITION_FAILED = 406;
const NOT_IMPLEMENTED = 540;

/** The operation, as in messages. */
type Done = "looked at" | "purged" | "deleted";

/** What AMQP itself says about a queue (queue.declare-ok), exact at that moment. */
export interface QueueCounts {
  /** Tasks waiting for a worker. */
  ready: number;
  /** Consumers. */
  workers: number;
}

/** Conditions for deleting a queue. */
export interface DeleteConditions {
  /** Only where no task is ready; unacknowledged ones do not count (RabbitMQ, queue.delete). */
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

/** Counts on an open connection. @throws WorkQueueError QUEUE_MISSING, QUEUE_UNAVAILABLE, QUEUE_REFUSED */
export function countQueue(connection: ChannelModel, queue: string): Promise<QueueCounts> {
  return onChannel(connection, queue, async (channel) => {
    const { messageCount, consumerCount } = await channel.checkQueue(queue);
    return { ready: messageCount, workers: consumerCount };
  });
}

/** Counts a queue that need not exist; undefined where it does not, or cannot. @throws WorkQueueError as countQueue does */
export async function countIfAny(connection: ChannelModel, queue: string): Promise<QueueCounts | undefined> {
  if (!isQueueName(queue)) return undefined; // amqplib cannot ask for it
  try {
    return await countQueue(connection, queue);
  } catch (error) {
    if (codeOf(error) === "QUEUE_MISSING") return undefined;
    throw error;
  }
}

/**
 * Drops the ready tasks; unacknowledged ones stay. Resolves with how many were dropped.
 * @throws WorkQueueError as lookAtQueue does; QUEUE_MISMATCH where it is a stream, which cannot be purged
 */
export function purgeQueue(request: QueueRequest): Promise<number> {
  const { queue } = request;
  const purge = async (channel: Channel) => (await channel.purgeQueue(queue)).messageCount;
  return withConnection(request, (connection) => onChannel(connection, queue, purge, "purged"));
}

/**
 * Deletes a queue and its tasks. Resolves with the number of ready tasks deleted, and of the consumers it had
 * just before.
 * @throws WorkQueueError as lookAtQueue does; QUEUE_KEPT if a condition does not hold, or is set for a quorum
 * queue or a stream, for which RabbitMQ has none
 */
export function deleteQueue(request: QueueRequest, conditions: DeleteConditions): Promise<QueueCounts> {
  const { queue } = request;
  return withConnection(request, async (connection) => {
    // Deleting a missing queue succeeds (RabbitMQ's extension), which would hide a wrong name.
    const { workers } = await countQueue(connection, queue);
    // RabbitMQ refuses conditions for quorum queues; for streams it ignores them, and deletes.
    if ((conditions.ifEmpty || conditions.ifUnused) && (await isStream(connection, queue)))
      throw kept(queue, "it is a stream, for which RabbitMQ has no conditions");
    const remove = async (channel: Channel) => (await channel.deleteQueue(queue, conditions)).messageCount;
    return { ready: await onChannel(connection, queue, remove, "deleted"), workers };
  });
}

/** Whether a queue is a stream; over AMQP only the refusal of a declaration shows that. */
async function isStream(connection: ChannelModel, queue: string): Promise<boolean> {
  // No queue has this type, so the declaration is always refused and creates none.
  const declared: Record<string, string | number> = { "x-queue-type": "unknown" };
  for (;;) {
    const declare = (channel: Channel) =>
      channel.assertQueue(queue, { durable: true, arguments: declared }).then(() => undefined, differenceIn);
    const { argument = "", actual = "" } = (await onChannel(connection, queue, declare)) ?? {};
    if (argument === "x-queue-type") return actual === "stream";
    // If another argument is named first, such as a stream's x-max-length-bytes: again, with its actual value.
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
  // If the connection ends meanwhile, the request's own error does not say why it ended.
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
  if (isMissing(error)) return new WorkQueueError("QUEUE_MISSING", `There is no queue "${queue}".`, error);
  const [, why] = /' (not empty|in use)"?$/.exec(said) ?? [];
  if (code === PRECONDITION_FAILED && why !== undefined)
    return kept(queue, why === "in use" ? "workers listen on it" : "it has ready tasks", error);
  if (code === NOT_IMPLEMENTED) {
    const [, reason = said] = /NOT_IMPLEMENTED - (.*?)"?$/s.exec(said) ?? [];
    const message = `Queue "${queue}" is not ${done}: RabbitMQ says "${reason}".`;
    return new WorkQueueError(done === "deleted" ? "QUEUE_KEPT" : "QUEUE_MISMATCH", message, error, queue);
  }
  if (typeof code === "number") return refusal(error, queue);
  return new WorkQueueError("CONNECTION_LOST", `The connection was lost (${said}).`, error);
}

const kept = (queue: string, why: string, cause?: unknown): WorkQueueError =>
  new WorkQueueError("QUEUE_KEPT", `Queue "${queue}" is not deleted: ${why}.`, cause);
