import { defaults } from "./defaults.js";
import type { Task } from "./task.js";

/** A task between its publish and the broker's answer. */
export interface Outgoing {
  readonly task: Task;
  /** Why no queue took it: basic.return comes before the ack of the same message (guide "Confirms"). */
  returned: string | undefined;
}

/** What is published and not yet confirmed, in the order of publishing; limited in tasks and in bytes. */
export class InFlight implements Iterable<Outgoing> {
  readonly #byId = new Map<string, Outgoing>();
  #bytes = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** Whether another task may be published: fewer than `defaults.window`, and than `defaults.windowBytes`. */
  get hasRoom(): boolean {
    return this.#byId.size < defaults.window && this.#bytes < defaults.windowBytes;
  }

  add(task: Task): Outgoing {
    const outgoing: Outgoing = { task, returned: undefined };
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

  /** Takes everything out. */
  clear(): void {
    this.#byId.clear();
    this.#bytes = 0;
  }

  [Symbol.iterator](): Iterator<Outgoing> {
    return this.#byId.values();
  }
}
