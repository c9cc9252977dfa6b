/** Takes note of what must be ended afterwards: a test's context, or the owner of programs outside of a test. */
export interface Scope {
  after(end: () => unknown): void;
}

/** A scope outside of a test, ended by its owner. */
export class OwnScope implements Scope {
  readonly #ends: (() => unknown)[] = [];

  after(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Ends everything, the latest first. */
  async end(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await end();
  }
}
