import type { Counts } from "./live-event.js";

/** Above this many events a second there are only counts; below the lower one for a while, single tasks again. */
const MOST_SINGLE = 200;
const LEAST_COUNTED = 100;
const CALM_MS = 2_000;
const SETTLED_MS = 10_000;

/** The second over which is measured, in parts. */
const PARTS = 4;
export const PART_MS = 1_000 / PARTS;

/** Counts events, and says when they are too many to show each. */
export class Rates {
  readonly totals: Counts = {
    published: 0,
    delivered: 0,
    done: 0,
    about: false,
    publishRate: 0,
    deliverRate: 0,
    workers: {},
  };
  readonly #parts: { published: number; delivered: number }[] = [{ published: 0, delivered: 0 }];
  /** Ready tasks that were not published since the page began. */
  #readyBefore = 0;
  #isHigh = false;
  #calmSince: number | undefined;

  /** Whether there are only counts. */
  get isHigh(): boolean {
    return this.#isHigh;
  }

  published(): void {
    this.totals.published++;
    const part = this.#parts.at(-1);
    if (part !== undefined) part.published++;
  }

  delivered(worker?: string): void {
    this.totals.delivered++;
    const part = this.#parts.at(-1);
    if (part !== undefined) part.delivered++;
    if (worker !== undefined) this.totals.workers[worker] = (this.totals.workers[worker] ?? 0) + 1;
  }

  /** So many copies were not read: they are divided as those that were. */
  unread(copies: number): void {
    const { published, delivered } = this.totals;
    const share = Math.round((copies * published) / Math.max(published + delivered, 1));
    this.totals.published += share;
    this.totals.delivered += copies - share;
    this.totals.about = true;
  }

  /**
   * The broker's count of ready tasks, while nothing happens: what was published less what was sent is what waits, so
   * that unread copies can be told apart. Redeliveries among them would make both too large by half of their number.
   */
  settle(ready: number): void {
    const { totals } = this;
    if (this.#sum() > 0) return;
    const more = ready - this.#readyBefore;
    const all = totals.published + totals.delivered;
    if (!totals.about) this.#readyBefore = ready - (totals.published - totals.delivered);
    else if ((all + more) % 2 === 0) {
      totals.published = (all + more) / 2;
      totals.delivered = all - totals.published;
      totals.about = false;
    }
  }

  /** How many events there were in the last second. */
  get lastSecond(): number {
    return this.#sum();
  }

  done(): void {
    this.totals.done++;
  }

  /** Whether the limit is exceeded now: looked at with each event, since a second of them may be 10,000. */
  get exceeds(): boolean {
    return !this.#isHigh && this.#sum() > MOST_SINGLE;
  }

  begin(): void {
    this.#isHigh = true;
    this.#calmSince = undefined;
  }

  /** To be called every `PART_MS`; returns whether single tasks can be shown again. */
  tick(now: number): boolean {
    this.totals.publishRate = this.#parts.reduce((sum, { published }) => sum + published, 0);
    this.totals.deliverRate = this.#parts.reduce((sum, { delivered }) => sum + delivered, 0);
    const sum = this.#sum();
    this.#parts.push({ published: 0, delivered: 0 });
    if (this.#parts.length > PARTS) this.#parts.shift();
    if (!this.#isHigh) return false;
    if (sum >= LEAST_COUNTED) this.#calmSince = undefined;
    else this.#calmSince ??= now;
    // Unread copies are told apart when it is calm, by the next sample.
    const wait = this.totals.about ? SETTLED_MS : CALM_MS;
    if (this.#calmSince === undefined || now - this.#calmSince < wait) return false;
    this.#isHigh = false;
    return true;
  }

  #sum(): number {
    return this.#parts.reduce((sum, { published, delivered }) => sum + published + delivered, 0);
  }
}
