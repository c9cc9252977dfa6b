import { WorkQueueError } from "../errors.js";
import type { EngineEvent } from "../events.js";
import type { Input } from "../task.js";
import { type PublishOptions, publish } from "./publisher.js";

/**
 * Publishes tasks one by one, as they come, over one connection. The first task opens it; if it ends for good, with an
 * error, the next task opens another.
 */
export class TaskPublisher {
  readonly #options: Omit<PublishOptions, "signal">;
  /** Takes the next task; undefined: none is open. */
  #feed: Feed | undefined;
  /** Also those that have failed and are still closing their connection. */
  readonly #open = new Set<Promise<void>>();
  #lastLine = 0;
  #closed: Promise<void> | undefined;

  constructor(options: Omit<PublishOptions, "signal">) {
    this.#options = options;
  }

  /** Resolves when the broker has confirmed the task. @throws WorkQueueError */
  async publish(body: Buffer): Promise<void> {
    if (this.#closed !== undefined) throw new WorkQueueError("INTERRUPTED", "The publisher is closed.");
    this.#feed ??= this.#connect();
    return this.#feed.add({ body, line: ++this.#lastLine });
  }

  /** Resolves when every task has its outcome and the connection is closed. */
  close(): Promise<void> {
    this.#feed?.end();
    this.#closed ??= Promise.all(this.#open).then(() => {});
    return this.#closed;
  }

  #connect(): Feed {
    const feed = new Feed();
    const report = (event: EngineEvent) => {
      feed.settle(event);
      this.#options.report(event);
    };
    const failed = () => {
      if (this.#feed === feed) this.#feed = undefined;
    };
    const { signal } = new AbortController(); // never aborted: it ends with its feed
    const { ending } = feed;
    const published = publish(feed.inputs(), { ...this.#options, report, signal, ending, failed })
      .then(
        () => {},
        (error: WorkQueueError) => {
          failed();
          feed.fail(error);
        },
      )
      .finally(() => this.#open.delete(published));
    this.#open.add(published);
    return feed;
  }
}

/** The promise of one task. */
interface Outcome {
  resolve(): void;
  reject(error: WorkQueueError): void;
  /** Published, and given up without a confirm. */
  unconfirmed?: string;
}

/** The tasks of one connection: the publisher takes them from here, and its events settle them. */
class Feed {
  #waiting: Input[] = [];
  /** By line. */
  readonly #outcomes = new Map<number, Outcome>();
  readonly #ending = new AbortController();
  #wake = (): void => {};

  add(input: Input): Promise<void> {
    this.#waiting.push(input);
    this.#wake();
    return new Promise((resolve, reject) => this.#outcomes.set(input.line, { resolve, reject }));
  }

  /** Aborted when no more tasks will come. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  end(): void {
    this.#ending.abort();
    this.#wake();
  }

  async *inputs(): AsyncGenerator<readonly Input[]> {
    for (;;) {
      if (this.#waiting.length > 0) yield this.#waiting.splice(0);
      else if (this.ending.aborted) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  settle(event: EngineEvent): void {
    switch (event.event) {
      case "task-confirmed":
        this.#take(event.line)?.resolve();
        break;
      case "task-unroutable":
        this.#take(event.line)?.reject(
          new WorkQueueError("UNROUTABLE", `No queue took the task (${event.reason}).`),
        );
        break;
      case "task-unconfirmed": {
        if (!event.mayBeStored)
          this.#take(event.line)?.reject(new WorkQueueError("PUBLISH_REFUSED", `Refused: ${event.reason}.`));
        const outcome = this.#outcomes.get(event.line);
        if (outcome !== undefined) outcome.unconfirmed = event.reason; // the error that follows has the code
      }
    }
  }

  /** The publisher has ended with this error: so does every task that is left. */
  fail(error: WorkQueueError): void {
    const { code, message } = error;
    for (const { reject, unconfirmed } of this.#outcomes.values())
      reject(new WorkQueueError(code, unconfirmed ?? `${message} This task was not sent.`, error));
    this.#outcomes.clear();
  }

  #take(line: number): Outcome | undefined {
    const outcome = this.#outcomes.get(line);
    this.#outcomes.delete(line);
    return outcome;
  }
}
