import { type ErrorCode, WorkQueueError } from "../errors.js";
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
    if (this.#closed !== undefined) throw taskError("INTERRUPTED", "The publisher is closed.", false);
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
    const failed = (error: WorkQueueError) => {
      feed.failure = error;
      if (this.#feed === feed) this.#feed = undefined;
    };
    const { signal } = new AbortController(); // never aborted: it ends with its feed
    const { ending } = feed;
    const published = publish(feed.inputs(), { ...this.#options, report, signal, ending, failed })
      .then(
        () => {},
        (error: WorkQueueError) => {
          failed(error);
          feed.rejectUnsent(error);
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
}

/** The error of one task. */
const taskError = (code: ErrorCode, message: string, mayBeStored: boolean, cause?: unknown) =>
  Object.assign(new WorkQueueError(code, message, cause), { mayBeStored });

/** The tasks of one connection: the publisher takes them from here, and its events settle them. */
class Feed {
  /** Why the publisher gives up the tasks that it reports as unconfirmed; undefined: the broker refuses only these. */
  failure: WorkQueueError | undefined;
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
          taskError("UNROUTABLE", `No queue took the task (${event.reason}).`, false),
        );
        break;
      case "task-unconfirmed":
        this.#take(event.line)?.reject(this.#unconfirmed(event.reason, event.mayBeStored));
    }
  }

  #unconfirmed(reason: string, mayBeStored: boolean): WorkQueueError {
    if (this.failure === undefined) return taskError("PUBLISH_REFUSED", `Refused: ${reason}.`, mayBeStored);
    const { code, message } = this.failure;
    const stored = mayBeStored ? "It may or may not be stored." : "It is not stored.";
    return taskError(code, `${message} ${stored}`, mayBeStored, this.failure);
  }

  /** The publisher has ended with this error: so does every task that is left. */
  rejectUnsent(error: WorkQueueError): void {
    for (const { reject } of this.#outcomes.values())
      reject(taskError(error.code, `${error.message} This task was not sent.`, false, error));
    this.#outcomes.clear();
  }

  #take(line: number): Outcome | undefined {
    const outcome = this.#outcomes.get(line);
    this.#outcomes.delete(line);
    return outcome;
  }
}
