/** Waits for conditions that events bring about, but not beyond a failure. */
export class Waiting {
  readonly #checks = new Set<() => void>();
  #failure: unknown;

  /**
   * Resolves when the condition holds; it is checked with every event.
   * @param isOver nothing more can come: rejects instead of waiting forever
   */
  async until(condition: () => boolean, isOver = () => false): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (condition()) return;
      if (isOver()) throw new Error("The tasks were over before anything could be killed.");
      await new Promise<void>((resolve) => this.#checks.add(resolve));
    }
  }

  /** Waits for a promise, but not beyond a failure. */
  async orFailed<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
      this.check();
    };
    promise.then(settle, settle);
    await this.until(() => settled);
    return promise;
  }

  /** Ends all waiting, now and later; the first reason counts. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.check();
  }

  /** Something happened: every waiting caller checks its condition again. */
  check(): void {
    for (const resolve of this.#checks) resolve();
    this.#checks.clear();
  }
}
