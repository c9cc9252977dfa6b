import { backoff } from "../timers.js";
import type { Outgoing } from "./in-flight.js";

/** Nacked tries in a row after which a new channel may help. */
const TRIES = 3;

interface Options {
  /** Publishes some again. */
  publish(tasks: readonly Outgoing[]): void;
  /** Called when several tries in a row were nacked. */
  stuck(): void;
}

/**
 * Nacked tasks, kept to be published again. A quorum queue nacks while it has no leader, and on channels used
 * meanwhile even afterwards (seen with RabbitMQ 3.10); a full one (`x-overflow` reject-publish) nacks until
 * there is room. A nack does not say which. So one task is tried first, twice as many after each success,
 * and `stuck` is called after every `TRIES` failures.
 */
export class NackRetry {
  readonly #options: Options;
  readonly #waiting: Outgoing[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Tries since the last confirm. */
  #tries = 0;
  /** How many are published next. */
  #batch = 1;

  constructor(options: Options) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  keep(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    this.#batch = 1;
    this.#plan();
    if (this.#tries > 0 && this.#tries % TRIES === 0) this.#options.stuck();
  }

  /** On a new channel, or while there is none: all that is unconfirmed is tried as slowly. */
  keepAll(unconfirmed: Iterable<Outgoing>): void {
    for (const outgoing of unconfirmed) this.#waiting.push(outgoing);
    this.#batch = 1;
    this.#plan();
  }

  /** Removes and returns all, in the order of the input, and stops retrying. */
  takeAll(): Outgoing[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#take(this.#waiting.length);
  }

  confirmed(): void {
    this.#tries = 0;
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
