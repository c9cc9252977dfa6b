import { backoff } from "./backoff.js";
import { defaults } from "./defaults.js";
import type { Outgoing } from "./in-flight.js";

interface Options {
  /** Publishes some again. */
  publish(tasks: readonly Outgoing[]): void;
  /** Gives these up, the last ones nacked without a confirm in between. */
  giveUp(tasks: readonly Outgoing[]): void;
}

/**
 * Tasks the broker nacked, kept for another try. A quorum queue nacks while it has no leader, which passes;
 * a full one (`x-overflow` reject-publish) until there is room. Which of them it is, a nack does not say: so
 * first one task is tried, and twice as many each time that goes well.
 */
export class Nacked {
  readonly #options: Options;
  #waiting: Outgoing[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Tries since the last confirm. */
  #tries = 0;
  /** How many are published next. */
  #batch = 1;

  constructor(options: Options) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Keeps a task for another try, unless `defaults.nackTries` in a row have brought no confirm. */
  keep(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    this.#batch = 1;
    if (this.#tries < defaults.nackTries) this.#plan();
    else this.#options.giveUp(this.#take(this.#waiting.length));
  }

  /** The broker takes tasks. */
  confirmed(): void {
    this.#tries = 0;
  }

  /** Forgets them: they are published again otherwise, or not at all. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#tries = 0;
    this.#batch = 1;
  }

  #plan(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#tries++;
        const tasks = this.#take(this.#batch);
        this.#batch *= 2;
        this.#options.publish(tasks);
        if (this.#waiting.length > 0) this.#plan();
      },
      backoff(this.#tries + 1),
    );
  }

  /** The first ones in the order of the input. */
  #take(tasks: number): Outgoing[] {
    this.#waiting.sort((a, b) => a.line - b.line);
    return this.#waiting.splice(0, tasks);
  }
}
