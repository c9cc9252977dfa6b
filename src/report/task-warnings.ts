import { mostReturns, type Retry } from "../engine/retry/retries.js";
import type { Task } from "../engine/task.js";
import { count } from "../text/numbers.js";
import { printable, printableBody } from "../text/printable.js";

/**
 * Warnings about a received task: it is redelivered repeatedly, or takes longer than the broker waits for
 * its ack.
 */

/** Warnings start at this many returns, that is at the third delivery. */
const WARNED_FROM = 2;

/** A quorum queue's default delivery limit since RabbitMQ 4.0 (guide "Quorum Queues", poison message handling). */
const DEFAULT_LIMIT = 20;

/** How long RabbitMQ by default waits for an ack, in ms (guide "Consumers", acknowledgement timeout). */
const CONSUMER_TIMEOUT = 30 * 60_000;

/**
 * A warning about a task requeued this often, or undefined below `WARNED_FROM`. A quorum queue drops or
 * dead-letters a task when its count of returns would exceed the limit: 20 are allowed.
 * @param retry the worker's; unless it is the broker that decides, the worker acts before the limit is reached
 */
export function returnsLine(
  task: Task,
  returns: number,
  broker: { product: string; version: string },
  retry: Retry,
) {
  if (returns < WARNED_FROM) return undefined;
  const counted = `counts ${count(returns, "return")} of '${printableBody(task.body, 40)}'`;
  if (retry !== "broker")
    return `The broker ${counted}; at the ${mostReturns}th a worker makes it a dead letter instead of beginning it.`;
  const major = Number.parseInt(broker.version, 10);
  if (broker.product !== "RabbitMQ" || Number.isNaN(major))
    return `The broker ${counted}; its delivery limit, if it has one, says when it drops or dead-letters it.`;
  if (major < 4)
    return `RabbitMQ ${counted}; before 4.0 it has no limit of its own, only one the queue or a policy sets.`;
  if (returns > DEFAULT_LIMIT)
    return `RabbitMQ ${counted}: more than its default limit of ${DEFAULT_LIMIT}, so the queue or a policy sets another, or none.`;
  const last = returns === DEFAULT_LIMIT ? "the next" : "the 21st";
  return `RabbitMQ ${counted}, and drops or dead-letters it at ${last}, unless the queue or a policy sets another limit.`;
}

/**
 * A warning that a task takes longer than the broker waits for its ack, or undefined.
 * @param timeoutMs what --consumer-timeout asked for, in ms
 */
export function lengthLine(task: Task, dotMs: number, timeoutMs: number | undefined): string | undefined {
  const ms = task.dots * dotMs;
  if (ms <= (timeoutMs ?? CONSUMER_TIMEOUT)) return undefined;
  const setting =
    timeoutMs === undefined
      ? "consumer_timeout, 30 minutes by default"
      : `${inWords(timeoutMs)} were asked for`;
  return `'${printableBody(task.body, 40)}' is ${inWords(ms)} of work; RabbitMQ may take it back before (${setting}).`;
}

/** A warning that the broker ignores --consumer-timeout: RabbitMQ before 4.3, or another. */
export function timeoutLine({ product, version }: { product: string; version: string }): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (product === "RabbitMQ" && (major > 4 || (major === 4 && minor >= 3))) return undefined;
  return `${printable(product)} ${printable(version)} does not know --consumer-timeout: quorum queues of RabbitMQ 4.3 and later do.`;
}

/** `35.0 minutes`, `1.5 hours`, `11.6 days`. */
function inWords(ms: number): string {
  const [unit, name] =
    ms < 3_600_000 ? [60_000, "minutes"] : ms < 86_400_000 ? [3_600_000, "hours"] : [86_400_000, "days"];
  const number = (ms / unit).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return `${number} ${name}`;
}
