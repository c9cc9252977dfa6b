import { defaults } from "../defaults.js";
import type { Task } from "../task.js";

/** A task between its publish and the broker's confirm. */
export interface Outgoing {
  readonly task: Task;
  /** Its sequence number among the publisher's tasks, from 1. */
  readonly number: number;
  /** Its line in the input, from 1. */
  readonly line: number;
  /** The line of the task before it; 0: there was none. */
  readonly after: number;
  /** Published on a connection that was lost, so it may be stored already. */
  maybeStored: boolean;
  /** Why no queue took it: basic.return comes before the ack of the same message (guide "Confirms"). */
  returned: string | undefined;
}

/** What is published and not yet confirmed, in the order of publishing; limited in tasks and in bytes. */
export class InFlight implements Iterable<Outgoing> {
  readonly #tasks = new Window<Outgoing>();
  #bytes = 0;
  #lastLine = 0;

  get size(): number {
    return this.#tasks.size;
  }

  /** Whether another task may be published: fewer than `defaults.window`, and than `defaults.windowBytes`. */
  get hasRoom(): boolean {
    return this.#tasks.size < defaults.window && this.#bytes < defaults.windowBytes;
  }

  add(task: Task, line: number): Outgoing {
    const number = this.#tasks.next;
    const after = this.#lastLine;
    const outgoing: Outgoing = { task, number, line, after, maybeStored: false, returned: undefined };
    this.#lastLine = line;
    this.#tasks.add(outgoing);
    this.#bytes += task.bytes;
    return outgoing;
  }

  /** Notes that no queue took a message: one of the first, for its ack comes next. */
  returned(messageId: unknown, reason: string): void {
    for (const outgoing of this)
      if (outgoing.task.id === messageId) {
        outgoing.returned = reason;
        return;
      }
  }

  /** Takes a task out. False where it was out already. */
  settle({ task, number }: Outgoing): boolean {
    const settled = this.#tasks.take(number) !== undefined;
    if (settled) this.#bytes -= task.bytes;
    return settled;
  }

  /** Takes everything out, and returns it. */
  clear(): Outgoing[] {
    const all = [...this];
    for (const outgoing of all) this.settle(outgoing);
    return all;
  }

  [Symbol.iterator](): Iterator<Outgoing> {
    return this.#tasks[Symbol.iterator]();
  }
}

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
