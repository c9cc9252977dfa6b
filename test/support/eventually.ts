import { setTimeout as sleep } from "node:timers/promises";
import { DEADLINE_MS } from "./deadline.js";

/** Asks again and again until the answer is true. @throws Error naming what did not come about */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await eventuallyIs(what, async () => ((await isSo()) ? true : undefined));
}

/** Asks again and again until the answer is something, and resolves with that. @throws Error naming what did not come */
export async function eventuallyIs<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > giveUpAt) throw new Error(`Not after ${DEADLINE_MS / 1_000} s: ${what}.`);
    await sleep(50);
  }
}
