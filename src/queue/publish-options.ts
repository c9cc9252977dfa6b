import type { QueueType, Report } from "./events.js";
import type { SessionTarget } from "./session.js";

/** What a publisher is asked to do. */
export interface PublishOptions extends SessionTarget {
  queue: string;
  queueType: QueueType | undefined;
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
