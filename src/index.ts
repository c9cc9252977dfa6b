import { hostname } from "node:os";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { check, publisherRules, workerRules } from "./engine/check.js";
import { BrokerUrl } from "./engine/connection/broker-url.js";
import { Consumer } from "./engine/consume/consumer.js";
import type { Handler } from "./engine/consume/task-runner.js";
import { defaults } from "./engine/defaults.js";
import { reasonOf, WorkQueueError } from "./engine/errors.js";
import {
  type PublishTotals,
  type QueueType,
  stamp,
  type WorkQueueEvent,
  type WorkTotals,
} from "./engine/events.js";
import { publish } from "./engine/publish/publisher.js";
import { TaskPublisher } from "./engine/publish/task-publisher.js";
import type { Retry } from "./engine/retry/retries.js";
import type { Input } from "./engine/task.js";
import { LONGEST_TIMER } from "./engine/timers.js";
import { printable } from "./text/printable.js";

export { BrokerUrl } from "./engine/connection/broker-url.js";
export type { Handler, HandlerContext } from "./engine/consume/task-runner.js";
export { defaults } from "./engine/defaults.js";
export { type ErrorCode, WorkQueueError } from "./engine/errors.js";
export type { EngineEvent, PublishTotals, QueueType, WorkQueueEvent, WorkTotals } from "./engine/events.js";
export { DeadLetter } from "./engine/retry/dead-letter.js";
export type { Retry } from "./engine/retry/retries.js";
export type { Task, TaskJson } from "./engine/task.js";
export { workDots } from "./work/dots.js";

/**
 * Options of both publishers and workers. A value that cannot be used is a WorkQueueError USAGE that names the option;
 * undefined counts as not given.
 */
export interface QueueOptions {
  /** AMQP URL, or the URLs of a cluster's nodes, tried in turn; default `amqp://localhost:5672`. */
  url?: string | BrokerUrl | readonly (string | BrokerUrl)[] | undefined;
  /** For amqps, in PEM: `ca` replaces the system's authorities; `cert` and `key` are the client's own. */
  tls?: Pick<SecureContextOptions, "ca" | "cert" | "key"> | undefined;
  /** Default `task_queue`; at most 255 bytes. It is declared durable. */
  queue?: string | undefined;
  /** Sent as `x-queue-type`; default: nothing is sent, the broker decides. */
  queueType?: QueueType | undefined;
  /** The connection's name in the admin UI, at most 255 bytes; default `<publisher|worker>@<host>:<pid>`. */
  name?: string | undefined;
  /** How long to keep trying for the first connection, in ms; default 0: one attempt. */
  waitMs?: number | undefined;
  /** Called synchronously with every event (docs/events.md): must be quick; an exception it throws is uncaught. */
  onEvent?: ((event: WorkQueueEvent) => void) | undefined;
}

/** Options of what is published. */
export interface PublisherOptions extends QueueOptions {
  /** Delivery mode 2; default true. */
  persistent?: boolean | undefined;
  /** The broker drops a task not delivered within this time, in whole ms; default: never. */
  ttlMs?: number | undefined;
  /** Once connected, gives up after this long without any confirm, in ms; default 30,000. */
  confirmTimeoutMs?: number | undefined;
  /** Headers of every task, as amqplib encodes them; default: none. A handler finds them in its context. */
  headers?: Readonly<Record<string, unknown>> | undefined;
}

export interface PublishTasksOptions extends PublisherOptions {
  /**
   * Aborting it stops reading and publishing. What was published is still confirmed; then `publishTasks` rejects with
   * INTERRUPTED, or resolves if there was nothing more to read.
   */
  signal?: AbortSignal | undefined;
  /** Resolve although some tasks are not stored, which the totals count; default false: it rejects then. */
  allowUnstored?: boolean | undefined;
}

/**
 * Publishes one task or several, and resolves when the broker has confirmed them, that is routed and stored them.
 * Reconnects if the connection is lost.
 * @throws WorkQueueError; with CONFIRM_TIMEOUT, events `task-unconfirmed` name the tasks that may or may not be stored.
 * UNROUTABLE or PUBLISH_REFUSED when all are published, but some not stored: no queue took them, or the broker refused
 * them; events name them. Once it was connected, the error has `totals`; another run may begin behind `upToLine`.
 */
export async function publishTasks(
  tasks: string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  options: PublishTasksOptions = {},
): Promise<PublishTotals> {
  check<Checked<PublishTasksOptions>>(options, publisherRules);
  const { signal = new AbortController().signal } = options;
  // A string is iterable too, letter by letter, and bytes byte by byte.
  const several = typeof tasks === "string" || tasks instanceof Uint8Array ? [tasks] : tasks;
  if (!(Symbol.iterator in Object(several) || Symbol.asyncIterator in Object(several)))
    throw usage("The tasks must be text, bytes, or an iterable of these.");
  const totals = await publish(numbered(several), { ...publisherOptions(options), signal });
  const { unroutable, refused } = totals;
  if (options.allowUnstored === true || unroutable + refused === 0) return totals;
  const reasons = [
    ...(unroutable > 0 ? [`no queue took ${unroutable}`] : []),
    ...(refused > 0 ? [`the broker refused ${refused}`] : []),
  ];
  throw Object.assign(
    new WorkQueueError(
      unroutable > 0 ? "UNROUTABLE" : "PUBLISH_REFUSED",
      `Not all tasks are stored: ${reasons.join(", ")}; ${totals.confirmed} confirmed.`,
    ),
    { totals },
  );
}

/** Publishes tasks as they come, over one connection. */
export interface Publisher {
  /**
   * Publishes a task, and resolves when the broker has confirmed it, that is routed and stored it. Tasks are published in
   * the order of the calls. At most 1,000 of them, or 16 MiB, are unconfirmed at a time; more wait here, in memory, so
   * await it, or not many more than these at once. Bytes are not copied: they must not change before.
   * @throws WorkQueueError UNROUTABLE, PUBLISH_REFUSED, NACKED, CONFIRM_TIMEOUT, INTERRUPTED (it is closed), or as the
   * connection could not be made: UNREACHABLE, ACCESS_REFUSED, ... Unless `mayBeStored` is true, the task is not stored.
   */
  publish(task: string | Uint8Array): Promise<void>;
  /**
   * Waits for the tasks that are not yet confirmed, then closes the connection. Gives up after `confirmTimeoutMs` without
   * a connection, or without any confirm. Never rejects.
   */
  close(): Promise<void>;
}

/**
 * Makes a publisher for a service, which keeps one connection until `close`. The first task opens it. A lost connection
 * is replaced, and what was not confirmed is published again. After an error that ends it, the next task connects anew.
 * An open connection keeps the process running.
 */
export function createPublisher(options: PublisherOptions = {}): Publisher {
  check<Checked<PublisherOptions>>(options, publisherRules);
  const publisher = new TaskPublisher(publisherOptions(options));
  return {
    publish: async (task) => publisher.publish(bodyOf(task, "The task")),
    close: () => publisher.close(),
  };
}

export interface StartWorkerOptions extends QueueOptions {
  /** Tasks worked at a time; default 1. */
  concurrency?: number | undefined;
  /** Deliveries sent ahead of their acks; default: the concurrency. 0: no limit. */
  prefetch?: number | undefined;
  /** A task counts as done when it is sent; default false. */
  autoAck?: boolean | undefined;
  /** How long the broker waits for an ack, in ms (quorum queues since RabbitMQ 4.3); default: the broker's. */
  consumerTimeoutMs?: number | undefined;
  /** Stop after so many tasks; default: never. */
  maxTasks?: number | undefined;
  /** Stop once the queue is empty, no task is running and none waits for another attempt; default false. */
  exitWhenEmpty?: boolean | undefined;
  /**
   * What becomes of a task whose handler throws. Durations in ms, whole numbers from 1: how long it waits before its
   * second attempt, its third, and so on, in queues named `<queue>.retry.<delay>`; after the last attempt it is a dead
   * letter in `<queue>.dead`. Default: 5 s, 30 s, 2 min, 10 min, 1 h. `broker`: it is rejected and requeued after a
   * second, and the queue's own policy decides.
   */
  retry?: Retry | undefined;
}

/** A running worker. */
export interface Worker {
  /**
   * Resolves with the totals when it has stopped; rejects with a WorkQueueError when it cannot go on. That does not end
   * a process that awaits it later, or never; if it was not even read by then, a process warning has the error.
   */
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
  check<Checked<StartWorkerOptions>>(options, workerRules);
  const { concurrency = defaults.concurrency, prefetch = concurrency, autoAck = false, maxTasks } = options;
  if (typeof handler !== "function") throw usage("The handler must be a function.");
  if (prefetch > 0 && prefetch < concurrency)
    throw usage(
      `The option prefetch must not be less than the concurrency, ${concurrency}: not ${prefetch}.`,
    );
  if (autoAck && maxTasks !== undefined)
    throw usage("The option maxTasks cannot be used with autoAck: tasks sent beyond it would be lost.");
  const queue = queueOptions("worker", options);
  const consumer = new Consumer({
    ...queue,
    concurrency,
    prefetch,
    autoAck,
    consumerTimeoutMs: options.consumerTimeoutMs,
    maxTasks,
    exitWhenEmpty: options.exitWhenEmpty ?? false,
    retry: options.retry ?? defaults.retryMs,
    handler,
  });
  // Handled here: else it would end a process that has yet to come to its `await`.
  let isRead = false;
  consumer.finished.catch((error: WorkQueueError) => {
    if (isRead) return;
    const what = printable(`Worker ${queue.name} has ended: ${error.message}`, 500);
    process.emitWarning(what, { type: "WorkQueueWarning", code: error.code });
  });
  return {
    get finished() {
      isRead = true;
      return consumer.finished;
    },
    stop: (reason = "asked to stop") => consumer.stop(reason),
    stopNow: (reason = "asked to stop at once") => consumer.stopNow(reason),
  };
}

/** Options with a rule; `url` is checked where it is parsed. */
type Checked<Options> = Omit<Options, "url">;

const usage = (message: string): WorkQueueError => new WorkQueueError("USAGE", message);

function publisherOptions(options: PublisherOptions) {
  return {
    ...queueOptions("publisher", options),
    persistent: options.persistent ?? true,
    ttlMs: options.ttlMs,
    headers: options.headers,
    // Node's timers keep 31 bits of ms; a longer one would fire at once (Node docs, setTimeout).
    confirmTimeoutMs: Math.min(options.confirmTimeoutMs ?? defaults.confirmTimeoutMs, LONGEST_TIMER),
  };
}

function queueOptions(role: string, options: QueueOptions) {
  const { url = defaults.url, queue = defaults.queue, queueType, waitMs = 0, onEvent = () => {} } = options;
  const urls = [url].flat().map((one) => (typeof one === "string" ? new BrokerUrl(one) : one));
  const name = options.name ?? `${role}@${hostname()}:${process.pid}`;
  if (urls.length === 0 || !urls.every((one) => one instanceof BrokerUrl))
    throw usage("The option url must be an AMQP URL, or a list of them.");
  try {
    if (options.tls !== undefined) createSecureContext(options.tls); // else its first connection would fail, as if there were no broker
  } catch (error) {
    throw usage(`The option tls must have its certificates and its key in PEM (${reasonOf(error)}).`);
  }
  return {
    urls,
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
  for await (const task of tasks) yield [{ body: bodyOf(task, `Task ${++line}`), line }];
}

function bodyOf(task: string | Uint8Array, what: string): Buffer {
  if (typeof task === "string") return Buffer.from(task);
  if (task instanceof Uint8Array) return Buffer.from(task.buffer, task.byteOffset, task.length);
  throw new WorkQueueError("INPUT", `${what} is neither a string nor bytes.`);
}
