import type { PublishTotals, Report } from "../events.js";
import type { Outgoing } from "./in-flight.js";

/** Reports and counts the outcome of each task. */
export class Totals {
  readonly sums: PublishTotals = {
    confirmed: 0,
    dots: 0,
    unroutable: 0,
    refused: 0,
    unconfirmed: 0,
    sentAgain: 0,
    seconds: 0,
    complete: false,
    upToLine: null,
    doubtfulLines: null,
    after: null,
  };
  readonly #report: Report;
  #firstAt: number | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Published; `again`: published before, and its connection was lost, or it was nacked. */
  published({ task, line }: Outgoing, persistent: boolean, ttlMs: number | undefined, again: boolean): void {
    this.#firstAt ??= performance.now();
    if (again) this.sums.sentAgain++;
    else this.sums.upToLine = line;
    this.#report({ event: "task-sent", task, line, persistent, ttlMs: ttlMs ?? null, again });
  }

  /** Acknowledged by the broker: stored, unless it was returned just before. */
  confirmed({ task, line, returned }: Outgoing): void {
    this.#timeConfirm();
    if (returned !== undefined) {
      this.sums.unroutable++;
      this.#report({ event: "task-unroutable", task, line, reason: returned });
      return;
    }
    this.sums.confirmed++;
    this.sums.dots += task.dots;
    this.#report({ event: "task-confirmed", task, line });
  }

  /** Refused by the broker: certainly not stored. */
  refused({ task, line }: Outgoing, reason: string): void {
    this.#timeConfirm();
    this.sums.refused++;
    this.sums.upToLine = Math.max(this.sums.upToLine ?? 0, line); // it may not even have been published
    this.#report({ event: "task-unconfirmed", task, line, mayBeStored: false, reason });
  }

  /** Given up without a confirm: these may or may not be stored. */
  unconfirmed(tasks: readonly Outgoing[], reason: string): void {
    this.sums.unconfirmed += tasks.length;
    for (const { task, line } of tasks)
      this.#report({ event: "task-unconfirmed", task, line, mayBeStored: true, reason });
    const [first, last] = [tasks[0], tasks.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#stoppedAfter(first.after);
    this.sums.doubtfulLines = { from: first.line, to: last.line };
  }

  /** Given up because the broker nacks everything: not stored, and later tasks are not sent. */
  nacked(tasks: readonly Outgoing[], reason: string): void {
    for (const outgoing of tasks) this.refused(outgoing, reason);
    const [first] = tasks;
    if (first !== undefined) this.#stoppedAfter(first.after);
  }

  #stoppedAfter(line: number): void {
    this.sums.upToLine = Math.min(this.sums.upToLine ?? line, line);
  }

  #timeConfirm(): void {
    if (this.#firstAt !== undefined) this.sums.seconds = (performance.now() - this.#firstAt) / 1000;
  }
}
