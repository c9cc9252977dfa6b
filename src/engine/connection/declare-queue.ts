import type { Channel } from "amqplib";
import { codeOf, reasonOf, WorkQueueError } from "../errors.js";
import type { QueueType, Report } from "../events.js";

/** AMQP reply codes (spec 1.2, RabbitMQ guide "Channels"). */
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;
const PRECONDITION_FAILED = 406;

export interface DeclareOptions {
  queue: string;
  /** Undefined: no `x-queue-type` is sent, the broker's default applies. */
  queueType: QueueType | undefined;
  report: Report;
}

/**
 * Opens a channel with `open` and declares the queue durable on it. If the queue exists with another
 * `x-` argument (the tutorials have declared `task_queue` as quorum since 2026, as classic before)
 * or the user may not declare it, it is used as it is.
 * @throws WorkQueueError QUEUE_MISMATCH where it is not durable (or otherwise no work queue), QUEUE_REFUSED,
 * QUEUE_UNAVAILABLE.
 */
export async function openQueueChannel<C extends Channel>(
  open: () => Promise<C>,
  options: DeclareOptions,
): Promise<C> {
  const { queue, queueType, report } = options;
  const closed = new Set<C>();
  const opened = async () => {
    const channel = await open();
    // A refusal is also emitted as "error", which without a listener ends the process.
    channel.on("error", () => {});
    channel.on("close", () => closed.add(channel));
    return channel;
  };
  /** The close may come in the same segment as declare-ok. */
  const assertOpen = (channel: C) => {
    if (closed.has(channel)) throw new WorkQueueError("CONNECTION_LOST", "The channel was closed at once.");
  };
  const reportOpened = (channel: C) =>
    report({ event: "channel-opened", confirms: "waitForConfirms" in channel });
  const declared = (
    channel: C,
    type: QueueType | null,
    how: "created" | "found" | "adopted",
    counts: Counts,
  ): C => {
    const { messageCount: ready, consumerCount: workers } = counts;
    const [created, adopted] = [how === "created", how === "adopted"];
    report({ event: "queue-declared", queue, type, ready, workers, created, adopted });
    assertOpen(channel);
    return channel;
  };

  let channel = await opened();
  // declare-ok does not say whether the queue is new, so it is asked for first. A refusal closes the channel.
  const refused = await channel.checkQueue(queue).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refused === undefined) assertOpen(channel);
  else channel = await opened();
  reportOpened(channel);
  try {
    const found = await channel.assertQueue(queue, {
      durable: true,
      ...(queueType === undefined ? {} : { arguments: { "x-queue-type": queueType } }),
    });
    return declared(channel, queueType ?? null, isMissing(refused) ? "created" : "found", found);
  } catch (error) {
    const type = typeFoundInstead(error, queue);
    const second = await opened(); // the refusal closed the first one
    reportOpened(second);
    const found = await second.checkQueue(queue).catch((refused) => {
      throw refusal(codeOf(refused) === NOT_FOUND ? error : refused, queue);
    });
    return declared(second, type, "adopted", found);
  }
}

/** Whether the broker refused because there is no such queue; one whose node is down gets the same code. */
export const isMissing = (refused: unknown): boolean =>
  codeOf(refused) === NOT_FOUND && reasonOf(refused).includes("NOT_FOUND - no queue ");

type Counts = { messageCount: number; consumerCount: number };

/** The type of an existing queue that differs from the declaration but is usable; else throws. */
function typeFoundInstead(error: unknown, queue: string): QueueType | null {
  if (codeOf(error) === ACCESS_REFUSED) return null;
  if (codeOf(error) !== PRECONDITION_FAILED) throw refusal(error, queue);
  const { argument, actual } = differenceIn(error);
  if (argument === "durable")
    throw new WorkQueueError(
      "QUEUE_MISMATCH",
      `Queue "${queue}" exists with durable = ${actual}; a work queue needs durable = true.`,
      error,
      queue,
    );
  if (!argument.startsWith("x-")) throw refusal(error, queue);
  if (argument !== "x-queue-type") return null;
  if (actual === "stream")
    throw new WorkQueueError(
      "QUEUE_MISMATCH",
      `Queue "${queue}" is a stream, whose messages stay when acknowledged.`,
      error,
      queue,
    );
  return actual === "quorum" ? "quorum" : actual === "none" || actual === "classic" ? "classic" : null;
}

/** The first argument in which an existing queue differs from its declaration, read from the refusal. */
export function differenceIn(refused: unknown): { argument: string; actual: string } {
  const [, argument = "", actual = ""] =
    /inequivalent arg '([^']+)'.*but current is (?:the value )?'?([^'" ]+)/s.exec(reasonOf(refused)) ?? [];
  return { argument, actual };
}

/** Turns the broker's refusal of basic.consume into a WorkQueueError, if its reply code is known. */
export function consumeRefusal(error: unknown, queue: string): unknown {
  const code = codeOf(error);
  const said = reasonOf(error);
  if (code === ACCESS_REFUSED && said.includes("in exclusive use"))
    return new WorkQueueError(
      "QUEUE_UNAVAILABLE",
      `Another consumer has queue "${queue}" for itself (exclusive).`,
      error,
    );
  if (code !== PRECONDITION_FAILED) return refusal(error, queue);
  const message = said.includes("x-consumer-timeout")
    ? `Queue "${queue}" supports no consumer timeout: from RabbitMQ 4.3 on, only quorum queues do.`
    : `Queue "${queue}" cannot be consumed from like this (${said}).`;
  return new WorkQueueError("CONSUME_REFUSED", message, error);
}

/** Turns the broker's refusal of a queue method into a WorkQueueError, if its reply code is known. */
export function refusal(error: unknown, queue: string): unknown {
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
      "QUEUE_UNAVAILABLE",
      `Queue "${queue}" is exclusive to another connection.`,
      error,
    );
  if (code === PRECONDITION_FAILED)
    return new WorkQueueError(
      "QUEUE_MISMATCH",
      `Queue "${queue}" exists with other properties (${said}).`,
      error,
      queue,
    );
  if (code === NOT_FOUND)
    return new WorkQueueError("QUEUE_UNAVAILABLE", `Queue "${queue}" is not available (${said}).`, error);
  return error;
}
