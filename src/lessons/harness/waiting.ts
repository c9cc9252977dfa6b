/** Waits for what others tell, but not beyond a failure. */
export class Waiting {
  readonly #looking = new Set<() => void>();
  #failure: unknown;

  /**
   * Resolves when the condition holds; looked at with everything that is told.
   * @param isOver nothing more can come: rejects instead of waiting for ever
   */
  async until(condition: () => boolean, isOver = () => false): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (condition()) return;
      if (isOver()) throw new Error("The tasks were over before anything could be killed.");
      await new Promise<void>((resolve) => this.#looking.add(resolve));
    }
  }

  /** Waits for a promise, but not beyond a failure. */
  async orFailed<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = () => {
      settled = true;
      this.look();
    };
    promise.then(settle, settle);
    await this.until(() => settled);
    return promise;
  }

  /** Ends all waiting, now and later; the first reason counts. */
  fail(reason: unknown): void {
    this.#failure ??= reason;
    this.look();
  }

  /** Something was told: whoever waits looks again. */
  look(): void {
    for (const resolve of this.#looking) resolve();
    this.#looking.clear();
  }
}
