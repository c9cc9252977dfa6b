import type { ChannelModel } from "amqplib";
import { Session, type SessionTarget } from "../connection/session.js";
import { defaults } from "../defaults.js";
import { WorkQueueError } from "../errors.js";
import type { PublishTotals, QueueType, Report } from "../events.js";
import { type Input, Task } from "../task.js";
import { within } from "../timers.js";
import { InFlight, type Outgoing } from "./in-flight.js";
import { nextMessageId, sizeLimit, tooLarge } from "./message.js";
import { NackRetry } from "./nack-retry.js";
import { PublishChannel } from "./publish-channel.js";
import { Totals } from "./totals.js";

/** What a publisher is asked to do. */
export interface PublishOptions extends SessionTarget {
  queue: string;
  queueType: QueueType | undefined;
  /** Delivery mode 2 (kept over a broker restart in a durable queue) rather than 1. */
  persistent: boolean;
  /** The broker drops a task not delivered within this time, in ms. */
  ttlMs: number | undefined;
  /** Headers of every task; default: none. */
  headers?: Readonly<Record<string, unknown>> | undefined;
  /** Once connected, gives up after this long without any confirm, in ms. */
  confirmTimeoutMs: number;
  report: Report;
  /** Aborting it stops reading; published tasks are still confirmed. */
  signal: AbortSignal;
  /** Aborting also gives up tasks in flight. */
  leave?: AbortSignal;
  /** Aborting makes the confirm timeout run before the first connection too, however long `waitMs` is. */
  ending?: AbortSignal;
  /** Called once when it has failed, before the events of the tasks that it gives up: its connection is yet to be closed. */
  failed?(error: WorkQueueError): void;
}

/**
 * Publishes each input as a task, at most `defaults.window` of them in flight, and resolves with the totals when the
 * broker has confirmed or refused them all.
 * @param inputs in batches: what one read of the source gave
 * @throws WorkQueueError for a failed first connection, CONFIRM_TIMEOUT, PUBLISH_REFUSED, NACKED;
 * and, once the tasks read before are confirmed, INTERRUPTED or what `inputs` throws. It has the `totals`.
 */
export async function publish(
  inputs: AsyncIterable<readonly Input[]>,
  options: PublishOptions,
): Promise<PublishTotals> {
  const publisher = new Publisher(options);
  try {
    await publisher.connect();
    if (!(await publisher.publishAll(inputs))) throw stopped(publisher.totals);
  } catch (error) {
    if (error instanceof WorkQueueError) error.totals = publisher.totals;
    throw error;
  } finally {
    await publisher.close();
  }
  return publisher.totals;
}

function stopped({ confirmed }: PublishTotals): WorkQueueError {
  const tasks = confirmed === 1 ? "1 task is" : `${confirmed} tasks are`;
  return new WorkQueueError("INTERRUPTED", `Stopped: ${tasks} confirmed, what follows was not sent.`);
}

/**
 * Publishes tasks with confirms. At most `defaults.window` are in flight; after a lost connection the
 * unconfirmed ones are published again, in order, with the same message id.
 */
class Publisher {
  readonly #options: PublishOptions;
  readonly #totals: Totals;
  readonly #session: Session;
  /** Also what to publish again on a new connection. */
  readonly #inFlight = new InFlight();
  readonly #nackRetry = new NackRetry({
    publish: (tasks) => {
      if (this.#channel === undefined) this.#nackRetry.keepAll(tasks);
      else this.#publishAgain(tasks);
    },
    stuck: () => this.#session.restart("the broker nacks every task on this one"),
  });
  #channel: PublishChannel | undefined;
  #failure: WorkQueueError | undefined;
  #isClosing = false;
  readonly #closed = new AbortController();
  /** Keeps the confirm timeout running with nothing in flight: there is no channel. */
  #waitsForRoom = false;
  /** Makes `#until` check its condition again. */
  #wake = (): void => {};
  #confirmTimer: NodeJS.Timeout | undefined;
  /** The largest message the broker takes, in bytes, once it has refused a larger one. */
  #maxBytes = Number.POSITIVE_INFINITY;

  constructor(options: PublishOptions) {
    this.#options = options;
    this.#totals = new Totals(options.report);
    this.#session = new Session({
      ...options,
      setup: (connection) => this.#setup(connection),
      failed: (error) => this.#fail(error),
    });
  }

  /** Final once it is closed. */
  get totals(): PublishTotals {
    return this.#totals.sums;
  }

  /** Resolves when it is connected, or asked to stop. @throws WorkQueueError as a session's first connection */
  async connect(): Promise<void> {
    const { signal, leave, ending } = this.#options;
    const until = { signal: this.#closed.signal };
    signal.addEventListener("abort", () => this.#wake(), until);
    ending?.addEventListener("abort", () => this.#startTimer(), until);
    const leaveNow = () => {
      this.#fail(new WorkQueueError("INTERRUPTED", "Left at once."));
      if (this.#isClosing) void this.#session.close(undefined, defaults.forcedCloseMs);
    };
    leave?.addEventListener("abort", leaveNow, until);
    if (leave?.aborted) leaveNow();
    this.#session.start();
    await this.#until(() => this.#channel !== undefined || signal.aborted);
  }

  async #setup(connection: ChannelModel): Promise<void> {
    const channel = await PublishChannel.open(connection, this.#options, {
      onAck: (outgoing) => this.#acked(outgoing),
      onNack: (outgoing) => {
        if (this.#nackRetry.size === 0) this.#options.report({ event: "nacked" });
        this.#nackRetry.keep(outgoing);
      },
      onReturn: (messageId, reason) => this.#inFlight.returned(messageId, reason),
      onRefusal: (reason) => this.#channelRefused(reason),
      onClose: (closed) => {
        if (this.#channel === closed) this.#channel = undefined;
      },
    });
    this.#channel = channel;
    // Without a confirm on the old channel it may be stored; a nacked one is certainly not.
    const nacked = new Set(this.#nackRetry.takeAll());
    for (const outgoing of this.#inFlight) outgoing.maybeStored ||= !nacked.has(outgoing);
    // Nacked before: all are tried again slowly, and the confirm timeout runs on.
    if (nacked.size > 0) this.#nackRetry.keepAll(this.#inFlight);
    else {
      this.#confirmTimer?.refresh();
      this.#publishAgain(this.#inFlight);
    }
    this.#wake();
  }

  /**
   * Publishes the inputs and waits for their confirms; false where it was asked to stop before their end.
   * @throws WorkQueueError its failure; once what was read is confirmed, what `inputs` throws
   */
  async publishAll(inputs: AsyncIterable<readonly Input[]>): Promise<boolean> {
    const tasks = inputs[Symbol.asyncIterator]();
    try {
      this.totals.complete = await this.#readAndPublish(tasks);
    } catch (error) {
      // Asked to stop, a source rejects with the AbortError of that.
      if (!this.#options.signal.aborted || this.#failure !== undefined) throw error;
    } finally {
      // Not awaited: a source that waits for more input may never return.
      void (async () => tasks.return?.())().catch(() => {});
    }
    return this.totals.complete;
  }

  /** Resolves when all tasks read are confirmed; true if the input has ended. */
  async #readAndPublish(tasks: AsyncIterator<readonly Input[]>): Promise<boolean> {
    const { signal } = this.#options;
    try {
      if (signal.aborted) return false;
      for (;;) {
        // Also when it was asked to stop since the last read: perhaps nothing follows.
        const next = await this.#orStopped(tasks.next());
        if (next === undefined) return false;
        if (next.done === true) return true;
        for (const input of next.value) {
          if (!this.#hasRoom) await this.#room();
          if (signal.aborted) return false;
          this.#publishFirst(input);
        }
      }
    } finally {
      await this.#until(() => this.#inFlight.size === 0);
    }
  }

  #publishFirst({ body, line }: Input): void {
    this.#startTimer();
    const outgoing = this.#inFlight.add(new Task(nextMessageId(), body), line);
    if (body.length > this.#maxBytes) this.#refuse(outgoing, tooLarge(this.#maxBytes));
    else this.#publish(outgoing, false);
  }

  #publish(outgoing: Outgoing, again: boolean): void {
    const { persistent, ttlMs } = this.#options;
    this.#totals.published(outgoing, persistent, ttlMs, again);
    // Without a channel, or on a closed one, it stays in flight, and is published again on the next one.
    if (this.#channel === undefined || this.#channel.publish(outgoing)) return;
    this.#channel = undefined;
    this.#session.restart("the broker closed the channel");
  }

  #acked(outgoing: Outgoing): void {
    if (!this.#inFlight.settle(outgoing)) return;
    this.#nackRetry.confirmed();
    this.#totals.confirmed(outgoing);
    // Its queue is gone: on a new connection it is declared again, for the tasks that follow.
    if (outgoing.returned !== undefined) this.#session.restart("tasks come back: no queue takes them");
    this.#progressed();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#confirmTimer);
    const channel = this.#channel;
    if (channel !== undefined && this.totals.complete && this.totals.confirmed > 0)
      await within(defaults.closeTimeoutMs, this.#count(channel));
    this.#channel = undefined;
    const forced = this.#failure?.code === "INTERRUPTED";
    await this.#session.close(channel, forced ? defaults.forcedCloseMs : defaults.closeTimeoutMs);
    this.#closed.abort();
    this.#options.report({ event: "stopped", ...this.totals });
  }

  async #count(channel: PublishChannel): Promise<void> {
    this.totals.after = await channel.countQueue();
  }

  /** Waits until the condition holds at a `#wake`; one caller at a time. @throws its failure */
  async #until(condition: () => boolean): Promise<void> {
    while (this.#failure === undefined && !condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits for the next tasks; undefined if stopped first. @throws its failure */
  async #orStopped<T>(next: Promise<T>): Promise<T | undefined> {
    let settled = false;
    const settle = () => {
      settled = true;
      this.#wake();
    };
    next.then(settle, settle);
    await this.#until(() => settled || this.#options.signal.aborted);
    // Asked to stop, perhaps at the very end: a turn more, and an input that has ended counts as complete.
    if (!settled) await new Promise(setImmediate);
    return settled ? next : undefined;
  }

  get #hasRoom(): boolean {
    return (
      this.#channel !== undefined &&
      this.#inFlight.hasRoom &&
      this.#nackRetry.size === 0 &&
      this.#failure === undefined
    );
  }

  /** Waits until there is room, or it is stopped. */
  async #room(): Promise<void> {
    this.#startTimer();
    this.#waitsForRoom = true;
    await this.#until(() => this.#hasRoom || this.#options.signal.aborted);
    this.#waitsForRoom = false;
  }

  #publishAgain(tasks: Iterable<Outgoing>): void {
    for (const outgoing of tasks) {
      outgoing.returned = undefined;
      this.#publish(outgoing, true);
    }
  }

  #refuse(outgoing: Outgoing, reason: string): void {
    if (!this.#inFlight.settle(outgoing)) return;
    this.#totals.refused(outgoing, reason);
    this.#progressed();
  }

  /**
   * The broker closes the channel over a message that is too large, without saying which. All tasks in
   * flight that exceed the limit are refused; the rest is published again on a new connection.
   */
  #channelRefused(reason: string): void {
    const limit = sizeLimit(reason);
    const large = [...this.#inFlight].filter(({ task }) => limit !== undefined && task.bytes > limit);
    if (limit === undefined || large.length === 0) {
      this.#fail(new WorkQueueError("PUBLISH_REFUSED", reason));
      return;
    }
    this.#maxBytes = limit;
    for (const outgoing of large) this.#refuse(outgoing, tooLarge(limit));
    this.#session.restart(reason);
  }

  #startTimer(): void {
    this.#confirmTimer ??= setTimeout(() => this.#timedOut(), this.#options.confirmTimeoutMs);
  }

  /** A task was confirmed or refused: restarts the confirm timeout, or ends it. */
  #progressed(): void {
    if (this.#inFlight.size > 0 || this.#waitsForRoom) this.#confirmTimer?.refresh();
    else {
      clearTimeout(this.#confirmTimer);
      this.#confirmTimer = undefined;
    }
    this.#wake();
  }

  #timedOut(): void {
    const seconds = this.#options.confirmTimeoutMs / 1000;
    const retried = this.#nackRetry.takeAll();
    // One that was also published on a connection that was lost may be stored all the same.
    const nacked = retried.filter((outgoing) => !outgoing.maybeStored && this.#inFlight.settle(outgoing));
    const what = this.#channel === undefined ? "No connection to" : "No confirm from";
    const brokers = this.#options.urls.map(({ endpoint }) => endpoint).join(" or ");
    this.#fail(
      retried.length > 0
        ? new WorkQueueError("NACKED", `${brokers} took no task for ${seconds} s (nack).`)
        : new WorkQueueError("CONFIRM_TIMEOUT", `${what} ${brokers} for ${seconds} s.`),
      nacked,
    );
  }

  /** Ends it: reports tasks that were nacked, and those in flight, which may or may not be stored. */
  #fail(error: WorkQueueError, nacked: readonly Outgoing[] = []): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#options.failed?.(error);
    this.#nackRetry.takeAll();
    this.#totals.nacked(nacked, "nacked by the broker again and again, not stored");
    this.#totals.unconfirmed(this.#inFlight.clear(), `${error.message} It may or may not be stored.`);
    this.#wake();
  }
}
