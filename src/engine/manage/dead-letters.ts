import { createHash } from "node:crypto";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import { differenceIn } from "../connection/declare-queue.js";
import { withConnection } from "../connection/with-connection.js";
import { defaults } from "../defaults.js";
import { codeOf, reasonOf, WorkQueueError } from "../errors.js";
import { CopyPublisher } from "../retry/copy-publisher.js";
import { type Failure, historyOf, replayedProperties } from "../retry/failure.js";
import { deadQueueName, hasDeliveryLimit, noLimit } from "../retry/retry-queues.js";
import { Task } from "../task.js";
import { pause } from "../timers.js";
import { countIfAny, purgeQueue, type QueueRequest } from "./queue-operations.js";

/** The most letters that are looked at: a prefetch has 16 bits (AMQP 0-9-1, basic.qos). */
const MOST_LETTERS = 65_535;

/** Letters that are on their way back at a time: their bodies are in memory. */
const REPLAYED_AT_A_TIME = 100;

/** How often it is checked whether all letters have come, in ms. */
const CHECK_MS = 200;

/** A dead letter. What is not known is null. */
export interface Letter {
  /** The message id; of a message without one, made of its body. */
  id: string;
  /** When it became a dead letter, in ISO 8601. */
  at: string | null;
  /** How often it was tried. */
  attempts: number | null;
  /** Why it is a dead letter. */
  reason: string | null;
  /** Of a command that ended with one. */
  exitCode: number | null;
  /** What ended a command. */
  signal: string | null;
  /** Who tried it last. */
  worker: string | null;
  /** When its first attempt failed, in ISO 8601. */
  firstFailedAt: string | null;
  task: Task;
  /** All headers of the message. */
  headers: Record<string, unknown>;
}

/** Which letters: those with these ids, or all. */
export type Selection = readonly string[] | "all";

/**
 * Calls `onLetter` with each dead letter of a queue, in order; none is taken out. Resolves with how many there are.
 * @throws WorkQueueError as a first connection does; QUEUE_MISMATCH where looking would delete letters
 */
export async function readLetters(
  request: QueueRequest,
  onLetter: (letter: Letter) => void,
): Promise<number> {
  return withConnection(request, (connection) =>
    eachLetter(connection, request.queue, MOST_LETTERS, (_channel, letter) => onLetter(letter)),
  );
}

/**
 * Puts letters back into the work queue as if they had never been tried: each is confirmed there before it is removed
 * here. Resolves with the ids of those that went back.
 * @throws WorkQueueError as `readLetters` does; QUEUE_MISSING where there is no work queue
 */
export async function replayLetters(request: QueueRequest, selection: Selection): Promise<string[]> {
  const { queue, urls } = request;
  const user = urls[0]?.username ?? "";
  const copies = new CopyPublisher(request);
  const replayed: string[] = [];
  try {
    await withConnection(request, (connection) =>
      eachLetter(connection, queue, prefetchFor(selection), async (channel, letter, message) => {
        if (selection !== "all" && !selection.includes(letter.id)) return;
        const properties = replayedProperties(message.properties, user);
        const fallback = { ...properties, headers: {} };
        await copies.publish({ name: queue }, { body: message.content, properties, fallback });
        channel.ack(message);
        replayed.push(letter.id);
      }),
    );
  } finally {
    await copies.close(defaults.closeTimeoutMs);
  }
  return replayed;
}

/** Deletes letters. Resolves with how many. @throws WorkQueueError as `readLetters` does */
export async function dropLetters(request: QueueRequest, selection: Selection): Promise<number> {
  if (selection === "all")
    return purgeQueue({ ...request, queue: deadQueueName(request.queue) }).catch((error: unknown) => {
      if (codeOf(error) === "QUEUE_MISSING") return 0;
      throw error;
    });
  let dropped = 0;
  await withConnection(request, (connection) =>
    eachLetter(connection, request.queue, MOST_LETTERS, (channel, letter, message) => {
      if (!selection.includes(letter.id)) return;
      channel.ack(message);
      dropped++;
    }),
  );
  return dropped;
}

/** Letters that stay are held until all have been looked at; with `all` none stays. */
const prefetchFor = (selection: Selection): number =>
  selection === "all" ? REPLAYED_AT_A_TIME : MOST_LETTERS;

type Visit = (channel: Channel, letter: Letter, message: ConsumeMessage) => Promise<void> | void;

/**
 * Visits the letters that are there now, in order; those that are not acknowledged are back in their places when the
 * channel is closed. Returns how many there were, 0 too where there is no queue for them.
 */
async function eachLetter(
  connection: ChannelModel,
  workQueue: string,
  prefetch: number,
  visit: Visit,
): Promise<number> {
  const queue = deadQueueName(workQueue);
  const ready = (await countIfAny(connection, queue))?.ready ?? 0;
  if (ready === 0) return 0;
  await checkLooking(connection, queue);
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  await channel.prefetch(Math.min(prefetch, ready, MOST_LETTERS));
  const visits: Promise<void>[] = [];
  const over = new AbortController();
  const lost = () => over.abort(new WorkQueueError("CONNECTION_LOST", "The connection was lost."));
  channel.on("close", lost);
  const isComplete = () => visits.length === Math.min(ready, MOST_LETTERS);
  await channel.consume(queue, (message) => {
    if (message === null) lost(); // the queue was deleted
    if (message === null || isComplete()) return;
    const visited = Promise.resolve(visit(channel, letterOf(message), message));
    visited.catch((error) => over.abort(error));
    visits.push(visited);
    if (isComplete()) over.abort();
  });
  // Somebody else may hold some of them: then fewer come.
  for (let before = -1; !over.signal.aborted && visits.length !== before; ) {
    await pause(CHECK_MS, over.signal);
    const { messageCount } = await channel.checkQueue(queue);
    if (messageCount === 0) before = visits.length;
  }
  if (over.signal.reason instanceof WorkQueueError) throw over.signal.reason;
  await Promise.all(visits);
  channel.off("close", lost);
  await channel.close();
  return ready;
}

/**
 * Looking counts as a return to a quorum queue. From RabbitMQ 4.0 on one without our own `x-delivery-limit` deletes a
 * letter after 20 of them; a letter that a dead-letter exchange put there, with its count, at the first one (4.3).
 * @throws WorkQueueError QUEUE_MISMATCH
 */
async function checkLooking(connection: ChannelModel, queue: string): Promise<void> {
  if (!hasDeliveryLimit(connection.connection.serverProperties.version)) return;
  const declared: Record<string, unknown> = { "x-queue-type": "quorum", ...noLimit };
  for (;;) {
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    try {
      await channel.assertQueue(queue, { durable: true, arguments: declared });
      await channel.close();
      return; // it is as a worker declares it
    } catch (error) {
      const { argument, actual } = differenceIn(error);
      if (argument === "x-delivery-limit")
        throw new WorkQueueError(
          "QUEUE_MISMATCH",
          `Queue "${queue}" is a quorum queue with a delivery limit: looking at a letter counts as a return, so it might be deleted.`,
          error,
        );
      // Of another type, which has no limit; or this user may not declare it.
      if (!argument.startsWith("x-") || argument === "x-queue-type" || argument in declared) return;
      declared[argument] = /^\d+$/.test(actual) ? Number(actual) : actual;
    }
  }
}

function letterOf({ content, properties }: ConsumeMessage): Letter {
  const headers: Record<string, unknown> = properties.headers ?? {};
  const { attempts, firstFailedAt = null, failure } = historyOf(properties.headers);
  const death = failure === undefined ? deathOf(headers) : undefined;
  const { messageId } = properties;
  const hasId = typeof messageId === "string" && messageId !== "";
  const id = hasId ? messageId : `sha256-${createHash("sha256").update(content).digest("hex").slice(0, 12)}`;
  return {
    id,
    at: failure?.at ?? death?.at ?? null,
    attempts: attempts > 0 ? attempts : null,
    reason: failure?.reason ?? death?.reason ?? null,
    exitCode: failure?.exitCode ?? null,
    signal: failure?.signal ?? null,
    worker: failure?.worker ?? null,
    firstFailedAt,
    task: new Task(id, content),
    headers,
  };
}

/** What the broker says of a letter that it dead-lettered itself: the latest entry of `x-death` comes first. */
function deathOf(headers: Record<string, unknown>): Pick<Failure, "reason" | "at"> | undefined {
  const deaths = headers["x-death"];
  const latest: unknown = Array.isArray(deaths) ? deaths[0] : undefined;
  if (typeof latest !== "object" || latest === null) return undefined;
  const { reason, queue, time } = latest as { reason?: unknown; queue?: unknown; time?: { value?: unknown } };
  const seconds = Number(time?.value);
  const at = new Date(seconds * 1_000);
  return {
    reason: `${reasonOf(reason)} in queue "${reasonOf(queue)}", says the broker`,
    at: Number.isNaN(at.getTime()) ? "" : at.toISOString(),
  };
}
