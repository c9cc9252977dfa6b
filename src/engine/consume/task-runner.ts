import { defaults } from "../defaults.js";
import { reasonOf } from "../errors.js";
import type { Report, TaskReceived, WorkTotals } from "../events.js";
import type { Task } from "../task.js";
import { pause } from "../timers.js";
import type { Delivery } from "./delivery.js";

/**
 * Does one task. Returning means done: the task is acknowledged. Throwing means it could not be done:
 * after `defaults.requeueDelayMs` it is requeued. A quorum queue drops (or dead-letters) a
 * task that comes back more than 20 times, its default delivery limit since RabbitMQ 4.0.
 */
export type Handler = (task: Task, context: HandlerContext) => Promise<void> | void;

export interface HandlerContext {
  /** Aborted when the task is no longer this worker's: connection lost, or requeued by a forced stop. */
  signal: AbortSignal;
  /** Reports how many dots of it are done. */
  progress(dotsDone: number): void;
}

interface Options {
  concurrency: number;
  autoAck: boolean;
  handler: Handler;
  report: Report;
  /** Called when a task has ended and none is left. */
  idle(): void;
}

/** Runs the deliveries a worker holds, `concurrency` at a time; the rest waits for a free slot. */
export class TaskRunner {
  readonly totals: WorkTotals = { done: 0, secondsWorked: 0, requeued: 0, aborted: 0 };
  readonly #options: Options;
  readonly #waiting: Delivery[] = [];
  readonly #running = new Map<Delivery, RunningTask>();
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
    const { handler, report } = this.#options;
    const { task, redelivered, deliveryCount, acquiredCount } = delivery;
    const running = new RunningTask(task, report);
    this.#running.set(delivery, running);
    const received: TaskReceived = { event: "task-received", task, redelivered };
    if (deliveryCount !== undefined) received.deliveryCount = deliveryCount;
    if (acquiredCount !== undefined) received.acquiredCount = acquiredCount;
    report(received);
    let failure: string | undefined;
    try {
      const working = handler(task, running);
      if (working !== undefined) await working; // else its ack goes in one write with those of this turn
    } catch (error) {
      failure = reasonOf(error);
      // A task that fails at once must not be redelivered in a tight loop.
      if (!running.aborted) await pause(defaults.requeueDelayMs, running.signal);
    }
    if (!this.#running.delete(delivery)) return; // interrupted, and reported so
    if (failure === undefined) this.#done(delivery, running);
    else {
      this.#worked++;
      this.requeue(delivery, failure, true);
    }
    this.#next();
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
  readonly #task: Task;
  readonly #report: Report;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  constructor(task: Task, report: Report) {
    this.#task = task;
    this.#report = report;
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
    this.#report({ event: "task-progress", task: this.#task, dotsDone });
}
