/**
 * Entries with sequence numbers, from 1 in the order of adding, and taken out by number, most of them in turn. A Map
 * would do the same, but copies itself again and again as its entries change, and a copy that got old keeps all it
 * ever held until the next full garbage collection: 20 MB of a publisher.
 */
export class Window<T extends object> implements Iterable<T> {
  /** Undefined where it is taken out already; never the first one. */
  readonly #entries: (T | undefined)[] = [];
  #firstNumber = 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of the first that is there. */
  get first(): number {
    return this.#firstNumber;
  }

  /** The number that is given next. */
  get next(): number {
    return this.#firstNumber + this.#entries.length;
  }

  add(entry: T): void {
    this.#entries.push(entry);
    this.#size++;
  }

  /** Takes one out; undefined where it is out already, or was never there. */
  take(number: number): T | undefined {
    const at = number - this.#firstNumber;
    const entry = this.#entries[at];
    if (entry === undefined) return undefined;
    this.#size--;
    this.#entries[at] = undefined;
    while (this.#entries.length > 0 && this.#entries[0] === undefined) {
      this.#entries.shift();
      this.#firstNumber++;
    }
    return entry;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }
}
