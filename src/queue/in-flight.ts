import { defaults } from "./defaults.js";
import type { Task } from "./task.js";

/** A task between its publish and the broker's answer. */
export interface Outgoing {
  readonly task: Task;
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
  readonly #byId = new Map<string, Outgoing>();
  #bytes = 0;
  #lastLine = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** Whether another task may be published: fewer than `defaults.window`, and than `defaults.windowBytes`. */
  get hasRoom(): boolean {
    return this.#byId.size < defaults.window && this.#bytes < defaults.windowBytes;
  }

  add(task: Task, line: number): Outgoing {
    const outgoing: Outgoing = { task, line, after: this.#lastLine, maybeStored: false, returned: undefined };
    this.#lastLine = line;
    this.#byId.set(task.id, outgoing);
    this.#bytes += task.bytes;
    return outgoing;
  }

  /** Notes that no queue took a message. */
  returned(messageId: unknown, reason: string): void {
    const outgoing = typeof messageId === "string" ? this.#byId.get(messageId) : undefined;
    if (outgoing !== undefined) outgoing.returned = reason;
  }

  /** Takes a task out. False where it was out already. */
  settle({ task }: Outgoing): boolean {
    const settled = this.#byId.delete(task.id);
    if (settled) this.#bytes -= task.bytes;
    return settled;
  }

  /** Takes everything out, and returns it. */
  clear(): Outgoing[] {
    const all = [...this];
    this.#byId.clear();
    this.#bytes = 0;
    return all;
  }

  [Symbol.iterator](): Iterator<Outgoing> {
    return this.#byId.values();
  }
}
