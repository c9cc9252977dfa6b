import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "../support/command.js";

const TICK_MS = 20;

/** Gives a sender its tasks, one line each, at a bounded rate. */
export class Feeder {
  paused = false;
  readonly #input: Writable;
  #fed = 0;

  constructor({ child }: Running) {
    if (child.stdin === null) throw new Error("The sender has no standard input.");
    this.#input = child.stdin;
  }

  /** How many tasks the sender has been given. */
  get fed(): number {
    return this.#fed;
  }

  /** Writes all lines and ends the input; fewer where the sender ends before. */
  async feed(tasks: string[], perSecond: number): Promise<void> {
    const perTick = Math.max(1, (perSecond * TICK_MS) / 1000);
    while (this.#fed < tasks.length && this.#input.writable) {
      if (!this.paused) {
        const next = tasks.slice(this.#fed, this.#fed + perTick);
        this.#input.write(next.map((task) => `${task}\n`).join(""));
        this.#fed += next.length;
      }
      await sleep(TICK_MS);
    }
    this.#input.end();
  }
}
