/** Waits for conditions that change with events; a failure rejects every wait. */
export class Waiting {
  readonly #checks = new Set<() => void>();
  #failure: unknown;

  /**
   * Resolves when the condition holds; `check` tests it again.
   * @param isOver whether the condition can no longer come true: then it rejects
   */
  async until(condition: () => boolean, isOver = () => false): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (condition()) return;
      if (isOver()) throw new Error("The tasks were over before anything could be killed.");
      await new Promise<void>((resolve) => this.#checks.add(resolve));
    }
  }

  /** Rejects every wait, now and later, with the first reason given. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.check();
  }

  /** Tests the condition of every waiting caller again. */
  check(): void {
    for (const resolve of this.#checks) resolve();
    this.#checks.clear();
  }
}
