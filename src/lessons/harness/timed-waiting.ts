import { inSeconds } from "../../text/numbers.js";
import type { TimelineEvent } from "../../timeline/timeline-event.js";
import { Waiting } from "./waiting.js";

/** How often a wait that may end by time is checked, in ms. */
const CHECK_MS = 200;

/** Waiting that ends: what is waited for comes, or nothing new has happened for too long. */
export class TimedWaiting {
  readonly #waiting = new Waiting();
  readonly #patienceMs: number;
  readonly #seen = new Set<string>();
  #lastNewAt = 0;

  /** @param patienceMs how long a wait goes on when nothing new happens, in ms */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /**
   * Takes note of an event of a process. It is new unless its like has been there before: a worker that connects again
   * and again, or is given the same task each time, will not end the wait.
   */
  note(event: TimelineEvent, name: string): void {
    const task = "task" in event ? event.task.id : "";
    const dots = event.event === "task-progress" ? event.dotsDone : "";
    const like = `${event.event}\n${name}\n${task}\n${dots}`;
    if (this.#seen.has(like)) return;
    this.#seen.add(like);
    this.#lastNewAt = performance.now();
  }

  /** Tests the condition of every waiting caller again. */
  check(): void {
    this.#waiting.check();
  }

  /** Rejects every wait, now and later, with the first reason given. */
  fail(reason: unknown): void {
    this.#waiting.fail(reason);
  }

  /**
   * Resolves when the condition holds. It rejects when nothing new has happened for too long.
   * @param what is waited for, as in "waited for ..."
   * @param isOver whether the condition can no longer come true: then it rejects too
   */
  async until(what: string, condition: () => boolean, isOver?: () => boolean): Promise<void> {
    const quiet = this.quiet();
    await this.checking(() => condition() || quiet.isTooLong(), isOver);
    if (!condition()) throw this.tooLong(what);
  }

  /** Settles as the promise does; rejects before as `until` does. */
  async settled<T>(what: string, promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      this.check();
    };
    promise.then(settle, settle);
    await this.until(what, () => isSettled);
    return promise;
  }

  /** Resolves when the condition holds, which may also come true by time. @param isOver as in `until` */
  async checking(condition: () => boolean, isOver?: () => boolean): Promise<void> {
    const timer = setInterval(() => this.check(), CHECK_MS);
    try {
      await this.#waiting.until(condition, isOver);
    } finally {
      clearInterval(timer);
    }
  }

  /** The time since something new happened, in ms, counted from now on; and whether that is too long. */
  quiet(): { ms(): number; isTooLong(): boolean } {
    const from = performance.now();
    const ms = () => performance.now() - Math.max(from, this.#lastNewAt);
    return { ms, isTooLong: () => ms() > this.#patienceMs };
  }

  tooLong(what: string): Error {
    return new Error(`Waited for ${what}, but nothing happened for ${inSeconds(this.#patienceMs / 1000)}.`);
  }
}
