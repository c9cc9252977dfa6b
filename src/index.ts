import { hostname } from "node:os";
import type { SecureContextOptions } from "node:tls";
import { BrokerUrl } from "./engine/connection/broker-url.js";
import { Consumer } from "./engine/consume/consumer.js";
import type { Handler } from "./engine/consume/task-runner.js";
import { defaults } from "./engine/defaults.js";
import { WorkQueueError } from "./engine/errors.js";
import {
  type PublishTotals,
  type QueueType,
  stamp,
  type WorkQueueEvent,
  type WorkTotals,
} from "./engine/events.js";
import { publish } from "./engine/publish/publisher.js";
import type { Input } from "./engine/task.js";
import { LONGEST_TIMER } from "./engine/timers.js";

export { BrokerUrl } from "./engine/connection/broker-url.js";
export type { Handler, HandlerContext } from "./engine/consume/task-runner.js";
export { defaults } from "./engine/defaults.js";
export { type ErrorCode, WorkQueueError } from "./engine/errors.js";
export type { EngineEvent, PublishTotals, QueueType, WorkQueueEvent, WorkTotals } from "./engine/events.js";
export type { Task, TaskJson } from "./engine/task.js";
export { workDots } from "./work/dots.js";

/** Options of both publishers and workers. */
export interface QueueOptions {
  /** AMQP URL, or the URLs of a cluster's nodes, tried in turn; default `amqp://localhost:5672`. */
  url?: string | BrokerUrl | readonly (string | BrokerUrl)[];
  /** For amqps, in PEM: `ca` replaces the system's authorities; `cert` and `key` are the client's own. */
  tls?: Pick<SecureContextOptions, "ca" | "cert" | "key">;
  /** Default `task_queue`. It is declared durable. */
  queue?: string;
  /** Sent as `x-queue-type`; default: nothing is sent, the broker decides. */
  queueType?: QueueType;
  /** The connection's name in the admin UI; default `<publisher|worker>@<host>:<pid>`. */
  name?: string;
  /** How long to keep trying for the first connection, in ms; default 0: one attempt. */
  waitMs?: number;
  /** Called synchronously with every event (docs/events.md): must be quick; an exception it throws is uncaught. */
  onEvent?: (event: WorkQueueEvent) => void;
}

export interface PublishTasksOptions extends QueueOptions {
  /** Delivery mode 2; default true. */
  persistent?: boolean;
  /** The broker drops a task not delivered within this time, in ms; default: never. */
  ttlMs?: number;
  /** Gives up after this long without any confirm, in ms; default 30,000. */
  confirmTimeoutMs?: number;
  /** Aborting it stops reading; published tasks are still confirmed. */
  signal?: AbortSignal;
}

/**
 * Publishes one task or several, and resolves when the broker has confirmed them, that is routed and stored them. A task
 * that no queue took is counted in `unroutable`. Reconnects if the connection is lost.
 * @throws WorkQueueError; with CONFIRM_TIMEOUT, events `task-unconfirmed` name the tasks that may or may not be stored.
 */
export async function publishTasks(
  tasks: string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  options: PublishTasksOptions = {},
): Promise<PublishTotals> {
  // A string is iterable too, letter by letter, and bytes byte by byte.
  const several = typeof tasks === "string" || tasks instanceof Uint8Array ? [tasks] : tasks;
  return publish(numbered(several), {
    ...queueOptions("publisher", options),
    persistent: options.persistent ?? true,
    ttlMs: options.ttlMs,
    // Node's timers keep 31 bits of ms; a longer one would fire at once (Node docs, setTimeout).
    confirmTimeoutMs: Math.min(options.confirmTimeoutMs ?? defaults.confirmTimeoutMs, LONGEST_TIMER),
    signal: options.signal ?? new AbortController().signal,
  });
}

export interface StartWorkerOptions extends QueueOptions {
  /** Tasks worked at a time; default 1. */
  concurrency?: number;
  /** Deliveries sent ahead of their acks; default: the concurrency. 0: no limit. */
  prefetch?: number;
  /** A task counts as done when it is sent; default false. */
  autoAck?: boolean;
  /** How long the broker waits for an ack, in ms (quorum queues since RabbitMQ 4.3); default: the broker's. */
  consumerTimeoutMs?: number;
  /** Stop after so many tasks; default: never. */
  maxTasks?: number;
  /** Stop once the queue is empty and no task is running; default false. */
  exitWhenEmpty?: boolean;
}

/** A running worker. */
export interface Worker {
  /** Resolves with the totals when it has stopped; rejects with a WorkQueueError when it cannot go on. */
  readonly finished: Promise<WorkTotals>;
  /** Takes no more tasks, finishes running ones. */
  stop(reason?: string): void;
  /** Requeues running tasks and stops at once. */
  stopNow(reason?: string): void;
}

/**
 * Starts a worker: calls `handler` with each task, and acknowledges the task when it returns. It
 * reconnects by itself; running tasks are then aborted (see `signal`), as the broker redelivers them.
 */
export function startWorker(handler: Handler, options: StartWorkerOptions = {}): Worker {
  const concurrency = options.concurrency ?? defaults.concurrency;
  const consumer = new Consumer({
    ...queueOptions("worker", options),
    concurrency,
    prefetch: options.prefetch ?? concurrency,
    autoAck: options.autoAck ?? false,
    consumerTimeoutMs: options.consumerTimeoutMs,
    maxTasks: options.maxTasks,
    exitWhenEmpty: options.exitWhenEmpty ?? false,
    handler,
  });
  return {
    finished: consumer.finished,
    stop: (reason = "asked to stop") => consumer.stop(reason),
    stopNow: (reason = "asked to stop at once") => consumer.stopNow(reason),
  };
}

function queueOptions(role: string, options: QueueOptions) {
  const { url = defaults.url, queue = defaults.queue, queueType, waitMs = 0, onEvent = () => {} } = options;
  const several = typeof url === "string" || url instanceof BrokerUrl ? [url] : url;
  const name = options.name ?? `${role}@${hostname()}:${process.pid}`;
  if (several.length === 0) throw new WorkQueueError("USAGE", "There is no AMQP URL.");
  return {
    urls: several.map((one) => (typeof one === "string" ? new BrokerUrl(one) : one)),
    tls: options.tls,
    queue,
    queueType,
    name,
    waitMs,
    report: stamp(name, onEvent),
  };
}

async function* numbered(
  tasks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): AsyncIterable<Input[]> {
  let line = 0;
  for await (const task of tasks) {
    const isText = typeof task === "string";
    if (!isText && !(task instanceof Uint8Array))
      throw new WorkQueueError("INPUT", `Task ${line + 1} is neither a string nor bytes.`);
    const body = isText ? Buffer.from(task) : Buffer.from(task.buffer, task.byteOffset, task.length);
    yield [{ body, line: ++line }];
  }
}
