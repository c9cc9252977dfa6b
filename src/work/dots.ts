import type { Handler } from "../engine/consume/task-runner.js";

/** The longest delay a Node timer keeps, in ms; a longer one fires at once (Node docs, setTimeout). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Progress is told for every dot, but not more often than this, in ms. */
const PROGRESS_EVERY = 100;

/**
 * The tutorial's work: one unit of time for every dot in the task. Every tick is aimed at the task's
 * start, so ten dots take ten units and not ten times a timer's lateness more. Without dots, no timer.
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
