import type { Channel, ChannelModel, ConfirmChannel } from "amqplib";
import { codeOf, reasonOf, WorkQueueError } from "./errors.js";
import type { QueueDeclared, QueueType, Report } from "./events.js";

/** AMQP reply codes (spec 1.2, RabbitMQ guide "Channels"). */
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;
const PRECONDITION_FAILED = 406;

export interface QueueChannelOptions {
  queue: string;
  /** Undefined: no `x-queue-type` is sent, the broker's default applies. */
  queueType: QueueType | undefined;
  report: Report;
}

/** A channel on which the queue is known to exist. */
export interface QueueChannel<C extends Channel> {
  channel: C;
  declared: QueueDeclared;
}

/** Opens a channel with publisher confirms and declares the queue on it. Errors as `openQueueChannel`. */
export const openConfirmChannel = (connection: ChannelModel, options: QueueChannelOptions) =>
  openQueueChannel<ConfirmChannel>(connection, options, true);

/** Opens a plain channel and declares the queue on it. Errors as `openQueueChannel`. */
export const openConsumerChannel = (connection: ChannelModel, options: QueueChannelOptions) =>
  openQueueChannel<Channel>(connection, options, false);

/**
 * Declares the queue durable on a new channel. Where it is there already with another `x-` argument
 * (the tutorials have declared `task_queue` as quorum since 2026, as classic before) or the user may not
 * declare it, it is used as it is.
 * @throws WorkQueueError QUEUE_MISMATCH where it is not durable (or otherwise no work queue), QUEUE_REFUSED.
 */
async function openQueueChannel<C extends Channel>(
  connection: ChannelModel,
  options: QueueChannelOptions,
  confirms: boolean,
): Promise<QueueChannel<C>> {
  const { queue, queueType, report } = options;
  const open = async () => {
    const channel = await (confirms ? connection.createConfirmChannel() : connection.createChannel());
    // A refused declare is also emitted; without a listener the process would die of it.
    channel.on("error", () => {});
    report({ event: "channel-opened", confirms });
    return channel as C;
  };
  const declaredAs = (type: QueueType | null, adopted: boolean, counts: Counts): QueueDeclared => ({
    event: "queue-declared",
    queue,
    type,
    ready: counts.messageCount,
    workers: counts.consumerCount,
    adopted,
  });

  let channel = await open();
  let declared: QueueDeclared;
  try {
    const found = await channel.assertQueue(queue, {
      durable: true,
      ...(queueType === undefined ? {} : { arguments: { "x-queue-type": queueType } }),
    });
    declared = declaredAs(queueType ?? null, false, found);
  } catch (error) {
    const type = typeFoundInstead(error, queue);
    channel = await open(); // the refusal closed the first one
    const found = await channel.checkQueue(queue).catch((second) => {
      throw refusal(codeOf(second) === NOT_FOUND ? error : second, queue);
    });
    declared = declaredAs(type, true, found);
  }
  report(declared);
  return { channel, declared };
}

type Counts = { messageCount: number; consumerCount: number };

/** The type of a queue that exists otherwise than declared but can be worked with; else it throws. */
function typeFoundInstead(error: unknown, queue: string): QueueType | null {
  if (codeOf(error) === ACCESS_REFUSED) return null;
  if (codeOf(error) !== PRECONDITION_FAILED) throw refusal(error, queue);
  const [, argument = "", actual = ""] =
    /inequivalent arg '([^']+)'.*but current is (?:the value )?'?([^' ]+)/s.exec(reasonOf(error)) ?? [];
  if (argument === "durable")
    throw new WorkQueueError(
      "QUEUE_MISMATCH",
      `Queue "${queue}" exists with durable = ${actual}; a work queue needs durable = true.`,
      error,
    );
  if (!argument.startsWith("x-")) throw refusal(error, queue);
  if (argument !== "x-queue-type") return null;
  return actual === "quorum" ? "quorum" : actual === "none" || actual === "classic" ? "classic" : null;
}

function refusal(error: unknown, queue: string): unknown {
  const code = codeOf(error);
  const said = reasonOf(error);
  if (code === ACCESS_REFUSED && queue.startsWith("amq."))
    return new WorkQueueError(
      "QUEUE_REFUSED",
      `Queue names that begin with "amq." are RabbitMQ's own.`,
      error,
    );
  if (code === ACCESS_REFUSED)
    return new WorkQueueError("QUEUE_REFUSED", `The user may not use queue "${queue}" (${said}).`, error);
  if (code === RESOURCE_LOCKED)
    return new WorkQueueError(
      "QUEUE_MISMATCH",
      `Queue "${queue}" is exclusive to another connection.`,
      error,
    );
  if (code === PRECONDITION_FAILED)
    return new WorkQueueError(
      "QUEUE_MISMATCH",
      `Queue "${queue}" exists with other properties (${said}).`,
      error,
    );
  if (code === NOT_FOUND)
    return new WorkQueueError("QUEUE_REFUSED", `Queue "${queue}" is not available (${said}).`, error);
  return error;
}
