import { defaults } from "./defaults.js";

/** The pause before an attempt, in ms: doubled each time up to the longest, and less by a random part. */
export function backoff(attempt: number): number {
  const { initialDelay, maxDelay, factor, jitter } = defaults.reconnect;
  const base = Math.min(maxDelay, initialDelay * factor ** (attempt - 1));
  return Math.round(base * (1 - jitter * Math.random()));
}
