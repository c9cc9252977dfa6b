import { setTimeout as sleep } from "node:timers/promises";
import { DEADLINE_MS } from "./deadline.js";

/** Asks again and again until the answer is true. @throws Error naming what did not come about within so many ms */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = DEADLINE_MS,
): Promise<void> {
  await eventuallyIs(what, async () => ((await isSo()) ? true : undefined), withinMs);
}

/** Asks again and again until the answer is something, and resolves with that. @throws Error naming what did not come */
export async function eventuallyIs<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = DEADLINE_MS,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > giveUpAt) throw new Error(`Not after ${withinMs / 1_000} s: ${what}.`);
    await sleep(50);
  }
}
