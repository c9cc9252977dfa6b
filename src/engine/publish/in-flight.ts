import { defaults } from "../defaults.js";
import type { Task } from "../task.js";
import { Window } from "./window.js";

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

  /** Marks a task as returned: one of the first, because its ack comes next. */
  returned(messageId: unknown, reason: string): void {
    for (const outgoing of this)
      if (outgoing.task.id === messageId) {
        outgoing.returned = reason;
        return;
      }
  }

  /** Removes a task; false if it was already removed. */
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
