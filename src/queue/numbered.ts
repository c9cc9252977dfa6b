/**
 * Things numbered as they come, from 1, and taken out by number, most of them in turn. A Map would do the same, but
 * copies itself again and again as its entries change, and a copy that got old keeps all it ever held until the next
 * full collection of garbage: 20 MB of a publisher.
 */
export class Numbered<T extends object> implements Iterable<T> {
  /** Undefined where it is taken out already; never the first one. */
  readonly #things: (T | undefined)[] = [];
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
    return this.#firstNumber + this.#things.length;
  }

  add(thing: T): void {
    this.#things.push(thing);
    this.#size++;
  }

  /** Takes one out; undefined where there is none (any more). */
  take(number: number): T | undefined {
    const at = number - this.#firstNumber;
    const thing = this.#things[at];
    if (thing === undefined) return undefined;
    this.#size--;
    this.#things[at] = undefined;
    while (this.#things.length > 0 && this.#things[0] === undefined) {
      this.#things.shift();
      this.#firstNumber++;
    }
    return thing;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const thing of this.#things) if (thing !== undefined) yield thing;
  }
}
