import type { Handler } from "../engine/consume/task-runner.js";
import { LONGEST_TIMER } from "../engine/timers.js";

/** Progress is reported for every dot, but at most once in this time, in ms. */
const PROGRESS_EVERY = 100;

/**
 * The tutorial's work: it takes `dotMs` for every dot in the task. Every timer's delay is computed from the task's
 * start, so that the lateness of one timer does not add to the next. Without dots there is no timer.
 * @param dotMs the work per dot, in ms
 */
export function workDots(dotMs: number): Handler {
  return (task, context) => {
    const total = task.dots * dotMs;
    if (total === 0) return;
    const { signal, progress } = context;
    signal.throwIfAborted();
    const ticksEvery = Math.max(dotMs, PROGRESS_EVERY);
    const startedAt = performance.now();
    return new Promise<void>((resolve, reject) => {
      let timer: NodeJS.Timeout;
      let ticks = 1;
      const tick = () => {
        const elapsed = performance.now() - startedAt;
        if (elapsed >= total) {
          signal.removeEventListener("abort", abort);
          resolve();
          return;
        }
        if (elapsed >= ticks * ticksEvery) {
          progress(Math.floor(elapsed / dotMs));
          ticks = Math.floor(elapsed / ticksEvery) + 1;
        }
        const next = Math.min(total, ticks * ticksEvery) - elapsed;
        // Rounded up: a timer may fire up to a millisecond early.
        timer = setTimeout(tick, Math.min(Math.ceil(next), LONGEST_TIMER));
      };
      const abort = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      tick();
    });
  };
}
