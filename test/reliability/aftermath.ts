import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "../support/command.js";
import type { Ledger } from "./ledger.js";
import { lookAt, putTasks } from "./queue-looks.js";

/** After so long without any progress nothing is expected any more, in ms. */
const HUNG_MS = 30_000;
/** The same where the queue is empty: only tasks in hand are waited for. */
const EMPTY_MS = 2_000;
/** How long a worker may take to show that it still consumes: longer than our longest pause before a reconnection. */
const PROBE_MS = 15_000;
const PROBE_DOTS = 20;

export const hasEnded = ({ child }: Running): boolean => child.exitCode !== null || child.signalCode !== null;

/** Resolves when a sender has ended, or with false when nothing has gone on for too long. */
export async function endOf(sender: Running, ledger: Ledger): Promise<boolean> {
  while (!hasEnded(sender) && ledger.quietMs < HUNG_MS) await sleep(100);
  return hasEnded(sender);
}

/** Resolves when the workers have nothing more to do, or do nothing more. */
export async function settled(url: string, queue: string, ledger: Ledger, workers: Running[]): Promise<void> {
  while (!workers.every(hasEnded) && ledger.quietMs < HUNG_MS) {
    const ready = (await lookAt(url, queue))?.messageCount ?? 0;
    if (ready === 0 && ledger.quietMs > EMPTY_MS) return;
    await sleep(100);
  }
}

/** How many workers take a task when there is one: a consumer that the broker knows may belong to one that receives nothing. */
export async function stillConsuming(
  url: string,
  queue: string,
  ledger: Ledger,
  workers: Running[],
): Promise<number> {
  const takers = () => {
    const taken = [...ledger.begunBy].filter(([task]) => task.startsWith("probe "));
    return new Set(taken.flatMap(([, by]) => [...by])).size;
  };
  const alive = () => workers.filter((worker) => !hasEnded(worker)).length;
  const allTake = () => takers() >= alive();
  const giveUpAt = performance.now() + PROBE_MS;
  for (let batch = 0; !allTake() && performance.now() < giveUpAt; batch++) {
    if ((await lookAt(url, queue)) === undefined) return 0;
    const probe = (at: number) => `probe ${batch}/${at}${".".repeat(PROBE_DOTS)}`;
    await putTasks(
      url,
      queue,
      Array.from({ length: 4 * alive() }, (_, at) => probe(at)),
    );
    for (let waited = 0; !allTake() && waited < 1_000; waited += 50) await sleep(50);
  }
  return takers();
}
