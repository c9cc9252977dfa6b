import type { WorkQueueEvent } from "../engine/events.js";

/** A stream to which the lines of several events go in one write: to a file every write is a system call. */
export class Gathered {
  readonly #stream: { write(text: string): unknown };
  #text = "";
  #gathering = false;

  constructor(stream: { write(text: string): unknown }) {
    this.#stream = stream;
  }

  write(text: string): void {
    if (this.#gathering) this.#text += text;
    else this.#stream.write(text);
  }

  /** Writes what `work` writes, all at once. */
  gather(work: () => void): void {
    this.#gathering = true;
    try {
      work();
    } finally {
      this.#gathering = false;
      this.flush();
    }
  }

  /** Writes what is gathered so far: before something goes to another stream of the same terminal. */
  flush(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#stream.write(text);
  }
}

/** Those of which there may be thousands a second. */
const frequent: ReadonlySet<string> = new Set(["task-sent", "task-confirmed", "task-received", "task-done"]);

/**
 * Passes events on in their order, the frequent ones together once the acks and publishes of this turn are
 * out: a line costs a good part of the time that a small task takes to the broker and back. Not for programs,
 * which may want to know what a killed worker had done: events that wait are lost with it.
 * @param exiting listens for the end of the process, before which everything is passed on
 */
export function deferred(
  listener: (events: readonly WorkQueueEvent[]) => void,
  exiting: { once(event: "exit", flush: () => void): unknown },
): (event: WorkQueueEvent) => void {
  let waiting: WorkQueueEvent[] = [];
  let scheduled = false;
  const flush = () => {
    const events = waiting;
    waiting = [];
    if (events.length > 0) listener(events);
  };
  exiting.once("exit", flush);
  return (event) => {
    waiting.push(event);
    if (!frequent.has(event.event)) flush();
    else if (!scheduled) {
      scheduled = true;
      // amqplib writes in the next setImmediate, so this takes the one after that.
      setImmediate(() =>
        setImmediate(() => {
          scheduled = false;
          flush();
        }),
      );
    }
  };
}
