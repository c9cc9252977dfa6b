import { randomUUID } from "node:crypto";
import type { ChannelModel, ConfirmChannel, Options } from "amqplib";
import type { BrokerUrl } from "./broker-url.js";
import { reasonOf, WorkQueueError } from "./errors.js";
import type { PublishTotals, QueueType, Report } from "./events.js";
import { InFlight, type Outgoing } from "./in-flight.js";
import { openQueueChannel } from "./queue-channel.js";
import { Session } from "./session.js";
import { Task } from "./task.js";

export interface PublishOptions {
  url: BrokerUrl;
  queue: string;
  queueType: QueueType | undefined;
  /** The connection's name in the admin UI. */
  name: string;
  /** How long to keep trying for the first connection, in ms; 0: one attempt. */
  waitMs: number;
  /** Delivery mode 2 (kept over a broker restart in a durable queue) rather than 1. */
  persistent: boolean;
  /** A task no worker took within this time is dropped by the broker, in ms. */
  ttlMs: number | undefined;
  /** How long without any confirm before it gives up, in ms. */
  confirmTimeoutMs: number;
  report: Report;
  /** Aborted: no further task is read; those published are still confirmed. */
  signal: AbortSignal;
  /** Aborted: what is in flight is given up too. */
  leave?: AbortSignal;
}

/** Header of a task published a second time because its first confirm was lost: a worker may see it twice. */
const POSSIBLE_DUPLICATE = { "x-possible-duplicate": true };

/**
 * Publishes tasks with confirms. At most `defaults.window` are in flight; while the connection is away the
 * unconfirmed ones are kept, and then published again, in order, with the same message id.
 */
export class Publisher {
  /** Totals so far; final once closed. */
  readonly totals: PublishTotals = {
    confirmed: 0,
    dots: 0,
    unroutable: 0,
    unconfirmed: 0,
    sentAgain: 0,
    seconds: 0,
  };
  readonly #options: PublishOptions;
  readonly #session: Session;
  /** Also what to publish again on a new connection. */
  readonly #inFlight = new InFlight();
  #channel: ConfirmChannel | undefined;
  /** amqplib's buffer is full: the last publish said false, which means "wait for drain", not "failed". */
  #full = false;
  #failure: WorkQueueError | undefined;
  readonly #closing = new AbortController();
  /** A task waits for room. */
  #sending = false;
  #wake = () => {};
  #confirmTimer: NodeJS.Timeout | undefined;
  #firstAt: number | undefined;

  constructor(options: PublishOptions) {
    this.#options = options;
    const { url, name, waitMs, report } = options;
    this.#session = new Session({
      url,
      name,
      waitMs,
      report,
      setup: (connection) => this.#setup(connection),
      failed: (error) => this.#fail(error),
    });
  }

  /** Connects; resolves too when it is told to stop meanwhile. */
  async start(): Promise<void> {
    const { signal, leave } = this.#options;
    const until = { signal: this.#closing.signal };
    signal.addEventListener("abort", () => this.#wake(), until);
    leave?.addEventListener(
      "abort",
      () => this.#fail(new WorkQueueError("INTERRUPTED", "Left at once.")),
      until,
    );
    this.#session.start();
    await this.#until(() => this.#channel !== undefined || signal.aborted);
  }

  /** Publishes one task as soon as there is room for it; does not wait for its confirm. */
  async send(body: Buffer): Promise<void> {
    const { signal, confirmTimeoutMs } = this.#options;
    const room = () => this.#channel !== undefined && !this.#full && this.#inFlight.hasRoom;
    this.#confirmTimer ??= setTimeout(() => this.#timedOut(), confirmTimeoutMs);
    if (!room() || this.#failure !== undefined) {
      this.#sending = true;
      await this.#until(() => room() || signal.aborted);
      this.#sending = false;
      if (!room()) signal.throwIfAborted();
    }
    const outgoing = this.#inFlight.add(new Task(randomUUID(), body));
    this.#firstAt ??= performance.now();
    this.#publish(outgoing, false);
  }

  /** Waits for the next task, but not beyond a stop (undefined then) or a failure. */
  async orStopped<T>(next: Promise<T>): Promise<T | undefined> {
    let settled = false;
    const settle = () => {
      settled = true;
      this.#wake();
    };
    next.then(settle, settle);
    await this.#until(() => settled || this.#options.signal.aborted);
    if (!settled) await new Promise(setImmediate); // an input that has ended says so within a turn
    return settled ? next : undefined;
  }

  /** Resolves when nothing is in flight any more. */
  async settled(): Promise<void> {
    await this.#until(() => this.#inFlight.size === 0);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#confirmTimer);
    const channel = this.#channel;
    this.#channel = undefined;
    await this.#session.close(channel);
    this.#options.report({ event: "stopped", ...this.totals });
  }

  async #setup(connection: ChannelModel): Promise<void> {
    const channel = await openQueueChannel(() => connection.createConfirmChannel(), this.#options);
    channel.on("return", ({ properties, fields }) =>
      this.#inFlight.returned(properties.messageId, returnReason(fields)),
    );
    channel.on("drain", () => {
      this.#full = false;
      this.#wake();
    });
    channel.on("error", (error) => this.#fail(new WorkQueueError("PUBLISH_REFUSED", reasonOf(error), error)));
    channel.on("close", () => {
      if (this.#channel === channel) this.#channel = undefined;
    });
    this.#channel = channel;
    this.#full = false;
    for (const outgoing of this.#inFlight) {
      this.totals.sentAgain++;
      outgoing.returned = undefined;
      this.#publish(outgoing, true);
    }
    this.#wake();
  }

  #publish(outgoing: Outgoing, again: boolean): void {
    const { queue, persistent, ttlMs, report } = this.#options;
    const { task } = outgoing;
    const properties: Options.Publish = {
      persistent,
      mandatory: true, // a confirm alone does not say that any queue took it (guide "Confirms")
      messageId: task.id,
      timestamp: Math.floor(Date.now() / 1000),
      contentType: "text/plain; charset=utf-8",
      ...(ttlMs === undefined ? {} : { expiration: String(ttlMs) }),
      ...(again ? { headers: POSSIBLE_DUPLICATE } : {}),
    };
    report({ event: "task-sent", task, persistent, ttlMs: ttlMs ?? null, again });
    const room = this.#channel?.sendToQueue(queue, task.body, properties, (error) =>
      this.#answered(outgoing, error),
    );
    if (room === false) this.#full = true;
  }

  /** The broker's ack or nack; or amqplib's "channel closed", after which the task is published again. */
  #answered(outgoing: Outgoing, error: Error | null): void {
    if (error !== null && error.message !== "message nacked") return;
    const { task, returned } = outgoing;
    if (!this.#inFlight.settle(outgoing)) return;
    if (error !== null) {
      this.totals.unconfirmed++;
      this.#options.report({
        event: "task-unconfirmed",
        task,
        reason: "refused by the broker (nack), not stored",
      });
    } else if (returned !== undefined) {
      this.totals.unroutable++;
      this.#options.report({ event: "task-unroutable", task, reason: returned });
    } else {
      this.totals.confirmed++;
      this.totals.dots += task.dots;
      this.#options.report({ event: "task-confirmed", task });
    }
    this.totals.seconds = (performance.now() - (this.#firstAt ?? 0)) / 1000;
    if (this.#inFlight.size > 0 || this.#sending) this.#confirmTimer?.refresh();
    else {
      clearTimeout(this.#confirmTimer);
      this.#confirmTimer = undefined;
    }
    this.#wake();
  }

  #timedOut(): void {
    const seconds = this.#options.confirmTimeoutMs / 1000;
    this.#fail(
      new WorkQueueError(
        "CONFIRM_TIMEOUT",
        `No confirm from ${this.#options.url.endpoint} for ${seconds} s.`,
      ),
    );
  }

  /** Ends it: what is in flight may or may not be stored, and is reported so. */
  #fail(error: WorkQueueError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.totals.unconfirmed += this.#inFlight.size;
    for (const { task } of this.#inFlight)
      this.#options.report({
        event: "task-unconfirmed",
        task,
        reason: `${error.message} It may or may not be stored.`,
      });
    this.#inFlight.clear();
    this.#wake();
  }

  /** Waits for a condition that another event brings about. There is one caller at a time. */
  async #until(condition: () => boolean): Promise<void> {
    while (this.#failure === undefined && !condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** amqplib's types leave out the reply-text of basic.return. */
function returnReason(fields: object): string {
  return "replyText" in fields ? String(fields.replyText) : "no queue took it";
}
