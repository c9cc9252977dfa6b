import type { SessionTarget } from "../connection/session.js";
import type { Delivery } from "../consume/delivery.js";
import type { QueueType, Report } from "../events.js";
import { CopyPublisher } from "./copy-publisher.js";
import { DeadLetter } from "./dead-letter.js";
import { failedProperties, failureOf, historyOf, timeLeft } from "./failure.js";
import { deadQueue, retryQueue } from "./retry-queues.js";

/**
 * What becomes of a task whose handler throws. Durations in ms: how long it waits before its second attempt, its third,
 * and so on; after the last it becomes a dead letter. `broker`: basic.reject with requeue, so that the queue's own
 * policy decides.
 */
export type Retry = readonly number[] | "broker";

/**
 * A task that came back this often is a dead letter before it is begun: a quorum queue of RabbitMQ 4 drops one that comes
 * back more than 20 times (guide "Quorum Queues", delivery limit).
 */
export const mostReturns = 19;

export interface RetryOptions extends SessionTarget {
  queue: string;
  retry: Retry;
  report: Report;
}

/** A failed task whose copy is in a queue: it may be acknowledged. */
export interface PutAside {
  /** The attempt that failed, from 1. */
  attempt: number;
  reason: string;
  /** How long it waits for the next attempt; null: it is a dead letter. */
  retryInMs: number | null;
}

/**
 * Puts failed tasks aside: copies them to the queue where they wait for their next attempt, or to the one of the dead
 * letters. Both are declared when the first task needs them.
 */
export class Retries {
  /** The work queue's type, where it is known. */
  queueType: QueueType | null = null;
  readonly #options: RetryOptions;
  readonly #copies: CopyPublisher;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#copies = new CopyPublisher(options);
  }

  /** Which attempt at this task a delivery is, from 1. One that a dead worker had begun is the same attempt again. */
  attemptOf({ properties, deliveryCount = 0 }: Delivery): number {
    const { attempts } = historyOf(properties.headers);
    // Without a copy, only the broker counts.
    return attempts + 1 + (this.#options.retry === "broker" ? deliveryCount : 0);
  }

  /** Why a task must not be begun, or undefined: the broker would drop it if this worker died too. */
  refusal({ deliveryCount = 0 }: Delivery): DeadLetter | undefined {
    if (this.#options.retry === "broker" || deliveryCount < mostReturns) return undefined;
    return new DeadLetter(
      `It came back ${deliveryCount} times without an answer: perhaps each worker that began it died of it.`,
    );
  }

  /**
   * Copies a failed task to the queue for its next attempt, or for dead letters. Resolves when the copy is confirmed:
   * then, and only then, the delivery may be acknowledged.
   * @param thrown what its handler threw
   * @throws WorkQueueError where there is no copy: see CopyPublisher
   */
  async putAside(delivery: Delivery, thrown: unknown): Promise<PutAside> {
    const { queue, retry, name, urls } = this.#options;
    const { properties, deliveryCount = 0 } = delivery;
    const isPoison = this.refusal(delivery) !== undefined;
    const attempt = isPoison ? this.attemptOf(delivery) - 1 + deliveryCount : this.attemptOf(delivery);
    const failure = failureOf(thrown, name);
    const left = timeLeft(properties);
    let delayMs = thrown instanceof DeadLetter || retry === "broker" ? undefined : retry[attempt - 1];
    if (delayMs !== undefined && left !== undefined && left <= delayMs) {
      delayMs = undefined;
      failure.reason = `${failure.reason} (Its time to live is over before another attempt.)`;
    }
    const target = delayMs === undefined ? deadQueue(queue, this.queueType) : retryQueue(queue, delayMs);
    const copied = failedProperties(properties, attempt, failure, urls[0]?.username ?? "");
    if (delayMs !== undefined && left !== undefined) copied.expiration = String(Math.floor(left));
    const fallback = failedProperties({ ...properties, headers: {} }, attempt, failure, "");
    await this.#copies.publish(target, { body: delivery.task.body, properties: copied, fallback });
    return { attempt, reason: failure.reason, retryInMs: delayMs ?? null };
  }

  /** Closes its connection within `timeoutMs`. */
  close(timeoutMs: number): Promise<void> {
    return this.#copies.close(timeoutMs);
  }
}
