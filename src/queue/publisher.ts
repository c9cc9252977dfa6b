import { randomUUID } from "node:crypto";
import type { ChannelModel } from "amqplib";
import { Account } from "./account.js";
import { defaults } from "./defaults.js";
import { WorkQueueError } from "./errors.js";
import type { PublishTotals } from "./events.js";
import { InFlight, type Outgoing } from "./in-flight.js";
import { sizeLimit, tooLarge } from "./message.js";
import { Nacked } from "./nacked.js";
import { PublishChannel } from "./publish-channel.js";
import type { PublishOptions } from "./publish-options.js";
import { Session } from "./session.js";
import { type Input, Task } from "./task.js";

/**
 * Publishes tasks with confirms. At most `defaults.window` are in flight; while the connection is away the
 * unconfirmed ones are kept, and then published again, in order, with the same message id.
 */
export class Publisher {
  readonly #options: PublishOptions;
  readonly #account: Account;
  readonly #session: Session;
  /** Also what to publish again on a new connection. */
  readonly #inFlight = new InFlight();
  readonly #nacked = new Nacked({
    publish: (tasks) => {
      if (this.#channel === undefined) this.#nacked.keepAll(tasks);
      else this.#publishAgain(tasks);
    },
    stuck: () => this.#session.restart("the broker nacks every task on this one"),
  });
  #channel: PublishChannel | undefined;
  #failure: WorkQueueError | undefined;
  readonly #closing = new AbortController();
  #waitsForRoom = false;
  /** Looks again at the condition that is waited for. */
  wake = (): void => {};
  #confirmTimer: NodeJS.Timeout | undefined;
  /** The largest message the broker takes, in bytes, once it has refused a larger one. */
  #maxBytes = Number.POSITIVE_INFINITY;

  constructor(options: PublishOptions) {
    this.#options = options;
    this.#account = new Account(options.report);
    this.#session = new Session({
      ...options,
      setup: (connection) => this.#setup(connection),
      failed: (error) => this.#fail(error),
    });
  }

  /** Totals so far; final once closed. */
  get totals(): PublishTotals {
    return this.#account.totals;
  }

  /** Connects; resolves too when it is told to stop meanwhile. */
  async start(): Promise<void> {
    const { signal, leave } = this.#options;
    const until = { signal: this.#closing.signal };
    signal.addEventListener("abort", () => this.wake(), until);
    leave?.addEventListener(
      "abort",
      () => this.#fail(new WorkQueueError("INTERRUPTED", "Left at once.")),
      until,
    );
    this.#session.start();
    await this.until(() => this.#channel !== undefined || signal.aborted);
  }

  /** Whether another task may be published now. */
  get hasRoom(): boolean {
    return (
      this.#channel?.full === false &&
      this.#inFlight.hasRoom &&
      this.#nacked.size === 0 &&
      this.#failure === undefined
    );
  }

  /** Waits until there is room, but not beyond a stop. */
  async room(): Promise<void> {
    this.#startTimer();
    this.#waitsForRoom = true;
    await this.until(() => this.hasRoom || this.#options.signal.aborted);
    this.#waitsForRoom = false;
  }

  /** Publishes one task, for which there is room; does not wait for its confirm. */
  send({ body, line }: Input): void {
    this.#startTimer();
    const outgoing = this.#inFlight.add(new Task(randomUUID(), body), line);
    if (body.length > this.#maxBytes) this.#refuse(outgoing, tooLarge(this.#maxBytes));
    else this.#publish(outgoing, false);
  }

  /** Resolves when nothing is in flight any more. */
  async settled(): Promise<void> {
    await this.until(() => this.#inFlight.size === 0);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#confirmTimer);
    const channel = this.#channel;
    this.#channel = undefined;
    // Who leaves at once does not wait for a broker that does not answer.
    const hurried = this.#failure?.code === "INTERRUPTED";
    await this.#session.close(channel, hurried ? defaults.hurriedCloseMs : defaults.closeTimeoutMs);
    this.#options.report({ event: "stopped", ...this.totals });
  }

  #startTimer(): void {
    this.#confirmTimer ??= setTimeout(() => this.#timedOut(), this.#options.confirmTimeoutMs);
  }

  async #setup(connection: ChannelModel): Promise<void> {
    const channel = await PublishChannel.open(connection, this.#options, {
      answered: (outgoing, answer) => this.#answered(outgoing, answer),
      returned: (messageId, reason) => this.#inFlight.returned(messageId, reason),
      drained: () => this.wake(),
      refused: (reason) => this.#channelRefused(reason),
      closed: (closed) => {
        if (this.#channel === closed) this.#channel = undefined;
      },
    });
    this.#channel = channel;
    const nacked = new Set(this.#nacked.takeAll());
    for (const outgoing of this.#inFlight) outgoing.maybeStored ||= !nacked.has(outgoing);
    if (nacked.size > 0) this.#nacked.keepAll(this.#inFlight);
    else {
      this.#confirmTimer?.refresh();
      this.#publishAgain(this.#inFlight);
    }
    this.wake();
  }

  #publishAgain(tasks: Iterable<Outgoing>): void {
    for (const outgoing of tasks) {
      outgoing.returned = undefined;
      this.#publish(outgoing, true);
    }
  }

  #publish(outgoing: Outgoing, again: boolean): void {
    const { persistent, ttlMs } = this.#options;
    this.#account.sent(outgoing, persistent, ttlMs, again);
    const channel = this.#channel;
    if (channel === undefined || channel.publish(outgoing)) return;
    // Another one publishes what is in flight.
    this.#channel = undefined;
    this.#session.restart("the broker closed the channel");
  }

  #answered(outgoing: Outgoing, answer: "ack" | "nack"): void {
    if (answer === "nack") {
      if (this.#nacked.size === 0) this.#options.report({ event: "nacked" });
      this.#nacked.keep(outgoing);
    } else if (this.#inFlight.settle(outgoing)) {
      this.#nacked.confirmed();
      this.#account.confirmed(outgoing);
      // Its queue is gone: on a new connection it is declared again, for the tasks that follow.
      if (outgoing.returned !== undefined) this.#session.restart("tasks come back: no queue takes them");
      this.#progressed();
    }
  }

  #refuse(outgoing: Outgoing, reason: string): void {
    if (!this.#inFlight.settle(outgoing)) return;
    this.#account.refused(outgoing, reason);
    this.#progressed();
  }

  /** The broker answered something: the confirm timeout begins anew, or ends. */
  #progressed(): void {
    if (this.#inFlight.size > 0 || this.#waitsForRoom) this.#confirmTimer?.refresh();
    else {
      clearTimeout(this.#confirmTimer);
      this.#confirmTimer = undefined;
    }
    this.wake();
  }

  /**
   * The broker closes the channel over a message that is too large, and says only by how much. Whatever is
   * in flight and larger than the limit will not get in; the rest is published again on a new connection.
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

  #timedOut(): void {
    const seconds = this.#options.confirmTimeoutMs / 1000;
    const nacked = this.#nacked.takeAll().filter((outgoing) => this.#inFlight.settle(outgoing));
    this.#account.nacked(nacked, "nacked by the broker again and again, not stored");
    const what = this.#channel === undefined ? "No connection to" : "No confirm from";
    this.#fail(
      nacked.length > 0
        ? new WorkQueueError("NACKED", `${this.#brokers} took no task for ${seconds} s (nack).`)
        : new WorkQueueError("CONFIRM_TIMEOUT", `${what} ${this.#brokers} for ${seconds} s.`),
    );
  }

  get #brokers(): string {
    return this.#options.urls.map(({ endpoint }) => endpoint).join(" or ");
  }

  /** Ends it: what is in flight may or may not be stored, and is reported so. */
  #fail(error: WorkQueueError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#nacked.takeAll();
    this.#account.doubtful(this.#inFlight.clear(), `${error.message} It may or may not be stored.`);
    this.wake();
  }

  /** Waits for a condition that another event brings about. There is one caller at a time. @throws its failure */
  async until(condition: () => boolean): Promise<void> {
    while (this.#failure === undefined && !condition()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }
}
