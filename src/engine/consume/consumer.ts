import type { Channel, ChannelModel } from "amqplib";
import type { BrokerUrl } from "../connection/broker-url.js";
import { consumeRefusal, isMissing, openQueueChannel } from "../connection/declare-queue.js";
import { Session, type SessionTarget } from "../connection/session.js";
import { defaults } from "../defaults.js";
import { reasonOf, type WorkQueueError } from "../errors.js";
import type { EngineEvent, QueueType, Report, WorkTotals } from "../events.js";
import { tasksLeft } from "../manage/tasks-left.js";
import { Retries, type Retry } from "../retry/retries.js";
import { within } from "../timers.js";
import { Delivery } from "./delivery.js";
import { type Handler, TaskRunner } from "./task-runner.js";

export interface ConsumeOptions extends SessionTarget {
  queue: string;
  queueType: QueueType | undefined;
  /** Tasks worked at a time. */
  concurrency: number;
  /** Unacknowledged deliveries the broker sends ahead; 0: no limit. */
  prefetch: number;
  /** The broker counts a task as done on delivery: a worker that dies loses the tasks it holds. */
  autoAck: boolean;
  /** How long the broker waits for an ack, in ms, if it supports `x-consumer-timeout`. */
  consumerTimeoutMs: number | undefined;
  /** Stop after this many tasks. */
  maxTasks: number | undefined;
  /** Stop once the queue is empty, no task is running and none waits for another attempt. */
  exitWhenEmpty: boolean;
  /** What becomes of a task whose handler throws. */
  retry: Retry;
  report: Report;
  handler: Handler;
}

/**
 * A worker: takes deliveries from the queue and works them, until it is stopped. It starts when it is made. First it
 * consumes; then it drains: no more deliveries, what is in hand is finished; then it has ended.
 */
export class Consumer {
  /** Resolves with the totals when the worker has stopped; rejects when it cannot go on. */
  readonly finished: Promise<WorkTotals>;
  readonly #options: ConsumeOptions;
  readonly #session: Session;
  readonly #tasks: TaskRunner;
  readonly #retries: Retries;
  #channel: Channel | undefined;
  /** What `#channel` is on. */
  #connection: { model: ChannelModel; broker: BrokerUrl } | undefined;
  #state: "consuming" | "draining" | "ended" = "consuming";
  /** Draining: deliveries that still arrive are requeued. */
  #requeueing = false;
  /** Draining: no more deliveries will come. */
  #cancelled = false;
  #emptyTimer: NodeJS.Timeout | undefined;
  #resolve: (totals: WorkTotals) => void = () => {};
  #reject: (error: WorkQueueError) => void = () => {};

  constructor(options: ConsumeOptions) {
    this.#options = options;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#retries = new Retries(options);
    this.#tasks = new TaskRunner({ ...options, retries: this.#retries, idle: () => this.#idle() });
    this.#session = new Session({
      ...options,
      setup: (connection, broker) => this.#setup(connection, broker),
      lost: (reason) => this.#lost(reason),
      failed: (error) => this.#failed(error),
    });
    this.#session.start();
  }

  async #setup(connection: ChannelModel, broker: BrokerUrl): Promise<void> {
    const { queue, name, autoAck, consumerTimeoutMs, report } = this.#options;
    const noteType = (event: EngineEvent) => {
      if (event.event === "queue-declared") this.#retries.queueType = event.type;
      report(event);
    };
    const channel = await openQueueChannel(() => connection.createChannel(), {
      ...this.#options,
      report: noteType,
    });
    if (this.#state !== "consuming") return; // stopped meanwhile
    let reason = "the broker closed the channel";
    channel.on("error", (error) => {
      reason = reasonOf(error);
    });
    channel.on("close", () => {
      if (this.#channel === channel) this.#session.restart(reason);
    });
    // Before consume, or the first deliveries would come without a limit. Per consumer, never global.
    const prefetch = this.#prefetch();
    await channel.prefetch(prefetch);
    if (this.#state !== "consuming") return;
    this.#channel = channel;
    this.#connection = { model: connection, broker };
    // After consume-ok. amqplib hands over a delivery in the same segment before `consume` resolves.
    let isConsuming = false;
    const consuming = () => {
      if (isConsuming || this.#state !== "consuming") return;
      isConsuming = true;
      report({ event: "consuming", queue, prefetch, autoAck });
    };
    const consume = channel.consume(
      queue,
      (message) => {
        consuming();
        if (message !== null) this.#delivered(new Delivery(channel, message));
        else void this.#cancelledBy(connection);
      },
      {
        consumerTag: name, // the connection's name is the same: the admin UI shows both
        noAck: autoAck,
        // A consumer argument of quorum queues since RabbitMQ 4.3, where classic ones refuse it; before, all ignore it
        // (guide "Consumers").
        ...(consumerTimeoutMs === undefined
          ? {}
          : { arguments: { "x-consumer-timeout": consumerTimeoutMs } }),
      },
    );
    await consume.catch((error) => {
      throw consumeRefusal(error, queue);
    });
    consuming();
    this.#idle(); // the queue may be empty from the start
  }

  /** The broker cancelled the consumer, without a reason (guide "Consumers", consumer cancel notification). */
  async #cancelledBy(connection: ChannelModel): Promise<void> {
    const { queue } = this.#options;
    const look = async () => {
      const channel = await connection.createChannel();
      channel.on("error", () => {}); // also emitted
      await channel.checkQueue(queue);
    };
    let refused: unknown;
    const looked = look().catch((error: unknown) => {
      refused = error;
    });
    await within(defaults.closeTimeoutMs, looked);
    // Another worker may have declared it again meanwhile.
    const rest = "its queue was deleted and declared again, or its node is down";
    const held = this.#tasks.inHand > 0 ? ", or a task was held too long" : "";
    const reason = isMissing(refused)
      ? `queue "${queue}" was deleted; it is declared again`
      : `the broker cancelled the consumer: ${rest}${held}`;
    this.#session.restart(reason);
  }

  /** No more than `maxTasks` can use: what is requeued counts towards a quorum queue's delivery limit. */
  #prefetch(): number {
    const { prefetch, maxTasks } = this.#options;
    if (maxTasks === undefined) return prefetch;
    const wanted = Math.max(maxTasks - this.#tasks.taken, 1);
    return prefetch === 0 ? wanted : Math.min(prefetch, wanted);
  }

  #delivered(delivery: Delivery): void {
    const { maxTasks, name } = this.#options;
    if (this.#requeueing || this.#tasks.taken === maxTasks) {
      this.#tasks.requeue(delivery, "the worker is stopping");
      return;
    }
    // The last one: cancelled now, because its ack would fetch one more.
    if (this.#tasks.taken + 1 === maxTasks) this.#channel?.cancel(name).catch(() => {});
    this.#tasks.take(delivery);
  }

  /** Stops gracefully: takes no more deliveries, requeues waiting ones, finishes running tasks. */
  stop(reason: string): void {
    this.#requeueing = true;
    this.#drain(reason);
    this.#tasks.requeueWaiting(reason);
  }

  /** Stops at once: requeues running tasks for another worker. */
  stopNow(reason: string): void {
    this.stop(reason);
    this.#tasks.requeueAll(reason);
    void this.#end(defaults.forcedCloseMs);
  }

  /** With no task running: ends, or soon checks whether the queue is empty. */
  #idle(checkMs: number = defaults.emptyCheckMs): void {
    const { maxTasks, exitWhenEmpty } = this.#options;
    if (this.#tasks.inHand > 0) return;
    if (this.#state === "draining" && this.#cancelled) void this.#end();
    if (this.#state !== "consuming") return;
    if (this.#tasks.taken === maxTasks) this.#drain("as many tasks as were asked for");
    else if (exitWhenEmpty) {
      // One check after a short idle time, not one after every task.
      clearTimeout(this.#emptyTimer);
      this.#emptyTimer = setTimeout(() => void this.#checkEmpty(), checkMs);
    }
  }

  async #checkEmpty(): Promise<void> {
    if (this.#tasks.inHand > 0 || this.#channel === undefined || this.#connection === undefined) return;
    const { model, broker } = this.#connection;
    const { failedAt, taken } = this.#tasks;
    // If the connection is lost, the next one checks again.
    const left = await tasksLeft(model, broker, this.#options, failedAt).catch(() => "waiting");
    if (this.#tasks.inHand > 0 || this.#state !== "consuming") return;
    // One that came meanwhile may wait for another attempt already.
    const isNone = left === "none" && this.#tasks.taken === taken;
    // A delivery can still be on its way; it comes before cancel-ok and is worked.
    if (isNone) this.#drain("the queue is empty");
    else this.#idle(left === "waiting" ? defaults.retryCheckMs : defaults.emptyCheckMs);
  }

  /** Cancels the consumer, and ends once no task is running. */
  #drain(reason: string): void {
    if (this.#state !== "consuming") return;
    this.#state = "draining";
    clearTimeout(this.#emptyTimer);
    const { inHand, waiting } = this.#tasks;
    this.#options.report({ event: "stopping", reason, inHand, waiting });
    // After `maxTasks` for a second time, which the broker answers too.
    // Without cancel-ok, the channel is lost or the broker hangs: no more deliveries either.
    const cancelled = this.#channel?.cancel(this.#options.name) ?? Promise.resolve();
    void within(defaults.closeTimeoutMs, cancelled).then(() => {
      this.#cancelled = true;
      this.#idle();
    });
  }

  async #end(timeoutMs: number = defaults.closeTimeoutMs): Promise<void> {
    if (this.#state === "ended") return this.#close(undefined, timeoutMs);
    this.#state = "ended";
    const channel = this.#channel;
    this.#channel = undefined;
    await this.#close(channel, timeoutMs);
    this.#options.report({ event: "stopped", ...this.#tasks.totals });
    this.#resolve(this.#tasks.totals);
  }

  async #close(channel: Channel | undefined, timeoutMs: number): Promise<void> {
    await Promise.all([this.#session.close(channel, timeoutMs), this.#retries.close(timeoutMs)]);
  }

  #lost(reason: string): void {
    this.#channel = undefined;
    this.#tasks.abandon(reason);
    this.#idle();
  }

  #failed(error: WorkQueueError): void {
    this.#state = "ended";
    this.#tasks.requeueAll(error.message);
    void this.#retries.close(defaults.forcedCloseMs);
    this.#options.report({ event: "stopped", ...this.#tasks.totals });
    this.#reject(error);
  }
}
