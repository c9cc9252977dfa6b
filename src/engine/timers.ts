import { setTimeout as sleep } from "node:timers/promises";
import { defaults } from "./defaults.js";

/** The longest delay a Node timer keeps, in ms: 24.8 days. A longer one fires at once (Node docs, setTimeout). */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** The pause before an attempt, in ms: doubled each time up to the longest, minus a random part. */
export function backoff(attempt: number): number {
  const { initialDelay, maxDelay, factor, jitter } = defaults.reconnect;
  const base = Math.min(maxDelay, initialDelay * factor ** (attempt - 1));
  return Math.round(base * (1 - jitter * Math.random()));
}

/** Waits for `ms`, or until the signal is aborted. Never rejects. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(Math.max(ms, 0), undefined, { signal }).catch(() => {});

/** Waits for a promise to settle, either way, but no longer than `ms`. Never rejects. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([promise.catch(() => {}), pause(ms, settled.signal)]);
  settled.abort();
}
