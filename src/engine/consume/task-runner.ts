import { defaults } from "../defaults.js";
import { reasonOf } from "../errors.js";
import type { Report, TaskReceived, WorkTotals } from "../events.js";
import { DeadLetter, NotAttempted } from "../retry/dead-letter.js";
import type { PutAside, Retries, Retry } from "../retry/retries.js";
import type { Task } from "../task.js";
import { pause } from "../timers.js";
import type { Delivery } from "./delivery.js";

/**
 * Does one task. Returning means done: the task is acknowledged. Throwing means that the attempt failed: the task is
 * tried again later, as the option `retry` says, and after the last attempt becomes a dead letter; at once where
 * `DeadLetter` is thrown.
 */
export type Handler = (task: Task, context: HandlerContext) => Promise<void> | void;

export interface HandlerContext {
  /** The number of this attempt, from 1. A task whose worker died comes again as the same attempt. */
  readonly attempt: number;
  /** Delivered before and not acknowledged: its worker died, or requeued it. */
  readonly redelivered: boolean;
  /** If redelivered: how often it returned to the queue, as a delivery limit counts; undefined where it is not counted. */
  readonly deliveryCount: number | undefined;
  /** The message's headers, as amqplib decodes them. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** Aborted when the task is no longer this worker's: connection lost, or requeued by a forced stop. */
  readonly signal: AbortSignal;
  /** Reports how many dots of it are done. */
  progress(dotsDone: number): void;
}

interface Options {
  concurrency: number;
  autoAck: boolean;
  handler: Handler;
  retry: Retry;
  retries: Retries;
  report: Report;
  /** Called when a task has ended and none is left. */
  idle(): void;
}

/** Runs the deliveries a worker holds, `concurrency` at a time; the rest waits for a free slot. */
export class TaskRunner {
  readonly totals: WorkTotals = { done: 0, secondsWorked: 0, failed: 0, dead: 0, requeued: 0, aborted: 0 };
  readonly #options: Options;
  readonly #waiting: Delivery[] = [];
  readonly #running = new Map<Delivery, RunningTask>();
  /** When a failed task was last requeued, by performance.now(). */
  failedAt: number | undefined;
  /** Tasks done or failed. */
  #worked = 0;
  /** Guards `#next` against recursion: a task that is done at once comes there again. */
  #dispatching = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Tasks taken so far, except those aborted by a lost connection. */
  get taken(): number {
    return this.#worked + this.#running.size + this.#waiting.length;
  }

  get inHand(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Begins a delivery, or lets it wait for a free slot. */
  take(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#next();
  }

  #next(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    while (this.#running.size < this.#options.concurrency) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) break;
      void this.#run(delivery);
    }
    this.#dispatching = false;
    if (this.#running.size === 0) this.#options.idle();
  }

  async #run(delivery: Delivery): Promise<void> {
    const { handler, report, retries } = this.#options;
    const { task, redelivered, deliveryCount, acquiredCount } = delivery;
    const running = new RunningTask(delivery, retries, report);
    this.#running.set(delivery, running);
    let end = () => this.#done(delivery, running);
    try {
      const refusal = retries.refusal(delivery);
      if (refusal !== undefined) throw refusal;
      const received: TaskReceived = { event: "task-received", task, redelivered };
      if (deliveryCount !== undefined) received.deliveryCount = deliveryCount;
      if (acquiredCount !== undefined) received.acquiredCount = acquiredCount;
      report(received);
      const working = handler(task, running);
      if (working !== undefined) await working; // else its ack goes in one write with those of this turn
    } catch (error) {
      if (!running.aborted) end = await this.#failed(delivery, running, error);
    }
    if (!this.#running.delete(delivery)) return; // interrupted, and reported so
    end();
    this.#next();
  }

  /** Has a failed task put aside; returns how it ends if it is still this worker's then. */
  async #failed(delivery: Delivery, running: RunningTask, thrown: unknown): Promise<() => void> {
    const { autoAck, retry, retries, report } = this.#options;
    const { task } = delivery;
    const reason = reasonOf(thrown);
    if (autoAck) return () => this.#requeueWorked(delivery, reason);
    if (thrown instanceof NotAttempted) return () => this.requeue(delivery, reason);
    if (retry === "broker" && !(thrown instanceof DeadLetter)) {
      const { attempt } = running;
      // A task that fails at once must not be redelivered in a tight loop.
      await pause(defaults.requeueDelayMs, running.signal);
      return () => {
        this.totals.failed++;
        this.failedAt = performance.now();
        report({ event: "task-failed", task, attempt, reason, retryInMs: null });
        this.#requeueWorked(delivery, reason, true);
      };
    }
    for (;;) {
      try {
        const aside = await retries.putAside(delivery, thrown);
        return () => this.#putAside(delivery, aside);
      } catch (error) {
        await pause(defaults.requeueDelayMs, running.signal);
        // Where the broker would drop it, it is kept in hand.
        if (running.aborted || retries.refusal(delivery) === undefined)
          return () =>
            this.#requeueWorked(delivery, `${reason}; no other attempt can be planned: ${reasonOf(error)}`);
      }
    }
  }

  /** Its copy is confirmed: the delivery is acknowledged. */
  #putAside(delivery: Delivery, { attempt, reason, retryInMs }: PutAside): void {
    const { report, retries } = this.#options;
    const { task } = delivery;
    if (!delivery.ack()) {
      this.#aborted(task, "the connection was lost");
      return;
    }
    this.#worked++;
    if (retries.refusal(delivery) === undefined) {
      this.totals.failed++;
      report({ event: "task-failed", task, attempt, reason, retryInMs });
    }
    if (retryInMs !== null) return;
    this.totals.dead++;
    report({ event: "task-dead", task, reason });
  }

  #requeueWorked(delivery: Delivery, reason: string, failed = false): void {
    this.#worked++;
    this.requeue(delivery, reason, failed);
  }

  #done(delivery: Delivery, { startedAt }: RunningTask): void {
    const { report, autoAck } = this.#options;
    const { task } = delivery;
    if (!autoAck && !delivery.ack()) {
      this.#aborted(task, "the connection was lost");
      return;
    }
    this.#worked++;
    const seconds = (performance.now() - startedAt) / 1000;
    this.totals.done++;
    this.totals.secondsWorked += seconds;
    report({ event: "task-done", task, seconds });
  }

  /**
   * Requeues a delivery. With auto-ack that is impossible: it is lost, and reported as aborted.
   * @param failed its handler failed, which counts towards a delivery limit
   */
  requeue(delivery: Delivery, reason: string, failed = false): void {
    const { autoAck, report } = this.#options;
    const { task } = delivery;
    if (autoAck) this.#aborted(task, "acknowledged on delivery (auto-ack), so no worker will do it");
    else if (failed ? delivery.reject() : delivery.requeue()) {
      this.totals.requeued++;
      report({ event: "task-requeued", task, reason });
    } else this.#aborted(task, "the connection was lost");
  }

  requeueWaiting(reason: string): void {
    for (const delivery of this.#waiting.splice(0)) this.requeue(delivery, reason);
  }

  requeueAll(reason: string): void {
    this.requeueWaiting(reason);
    for (const delivery of this.#interrupt(reason)) this.requeue(delivery, reason);
  }

  /**
   * Aborts all tasks, because the broker redelivers them and finishing them would do them twice. With
   * auto-ack it does not, so they continue.
   */
  abandon(reason: string): void {
    if (this.#options.autoAck) return;
    this.#waiting.length = 0;
    for (const { task } of this.#interrupt(reason)) this.#aborted(task, reason);
  }

  #interrupt(reason: string): Delivery[] {
    const interrupted = [...this.#running];
    this.#running.clear();
    for (const [, running] of interrupted) running.abort(new Error(reason));
    return interrupted.map(([delivery]) => delivery);
  }

  #aborted(task: Task, reason: string): void {
    this.totals.aborted++;
    this.#options.report({ event: "task-aborted", task, reason });
  }
}

/** A task in hand, as its handler sees it. */
class RunningTask implements HandlerContext {
  readonly startedAt = performance.now();
  readonly #delivery: Delivery;
  readonly #retries: Retries;
  readonly #report: Report;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(delivery: Delivery, retries: Retries, report: Report) {
    this.#delivery = delivery;
    this.#retries = retries;
    this.#report = report;
  }

  get attempt(): number {
    return this.#retries.attemptOf(this.#delivery);
  }

  get redelivered(): boolean {
    return this.#delivery.redelivered;
  }

  get deliveryCount(): number | undefined {
    return this.#delivery.deliveryCount;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.#delivery.properties.headers ?? {};
  }

  /** Created when first read: a synchronous task needs none. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** An arrow, for handlers that take it out of the context. */
  readonly progress = (dotsDone: number): void =>
    this.#report({ event: "task-progress", task: this.#delivery.task, dotsDone });
}
