/** What a line of a program's output says about a task. */
export interface Said {
  /** `sent`: the sender believes it has arrived. `refused`: it knows that the task has not, or may not have. */
  what: "sent" | "refused" | "begun" | "done";
  task: string;
}

/** What the programs of a round said they did. */
export class Ledger {
  readonly sent = new Set<string>();
  readonly refused = new Set<string>();
  /** How many times each task was begun, and done. */
  readonly begun = new Map<string, number>();
  readonly done = new Map<string, number>();
  /** The programs that have begun each task. */
  readonly begunBy = new Map<string, Set<string>>();
  /** When each task was done, as performance.now() has it. */
  readonly doneAt: number[] = [];
  #movedAt = performance.now();
  readonly #waiting = new Set<() => void>();

  note(speaker: string, { what, task }: Said): void {
    if (what === "sent" || what === "refused") this[what].add(task);
    else this[what].set(task, (this[what].get(task) ?? 0) + 1);
    if (what === "done") this.doneAt.push(performance.now());
    if (what === "begun") this.begunBy.set(task, (this.begunBy.get(task) ?? new Set()).add(speaker));
    this.moved();
  }

  /** Something went on: what waits for silence waits anew. */
  moved(): void {
    this.#movedAt = performance.now();
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }

  /** How long nothing has gone on, in ms. */
  get quietMs(): number {
    return performance.now() - this.#movedAt;
  }

  /** Resolves when something that is noted makes it true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }
}
