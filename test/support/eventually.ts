import { setTimeout as sleep } from "node:timers/promises";

/** How long what is sure to come may take, in ms. */
const DEADLINE_MS = 30_000;

/** Asks again and again until it is so. @throws Error naming what never came about */
export async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`Not after ${DEADLINE_MS / 1_000} s: ${what}.`);
    await sleep(50);
  }
}
