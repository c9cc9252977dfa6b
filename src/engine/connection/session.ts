import { defaults } from "../defaults.js";
import { reasonOf, WorkQueueError } from "../errors.js";
import { backoff, pause } from "../timers.js";
import type { BrokerUrl } from "./broker-url.js";
import { type Closable, Connection, type ConnectionOptions, type ConnectionTarget } from "./connection.js";

/** A session's brokers, and how long to try to connect. */
export interface SessionTarget extends ConnectionTarget {
  /** One address, or those of a cluster's nodes: they are tried in turn. */
  urls: readonly BrokerUrl[];
  /** How long to keep trying for the first connection, in ms; 0: one attempt per address. */
  waitMs: number;
  /** Whether an attempt failed because a broker is starting there, which is waited for. Default: never known. */
  isStarting?: ((error: WorkQueueError, url: BrokerUrl) => boolean) | undefined;
}

export interface SessionOptions extends SessionTarget, ConnectionOptions {
  /** Called when the session ends for good because of an error, before or after the first connection. */
  failed(error: WorkQueueError): void;
}

/**
 * Keeps a connection open until `close`. The first one may fail for good; later ones are retried forever,
 * with growing pauses. Losing the connection, the channel or the consumer always replaces the connection
 * and sets everything up again: one recovery path instead of three.
 *
 * amqplib's own recovery is not used here: it cannot abandon an attempt that hangs, nor a connection that
 * goes away while it is being closed, after which it neither retries nor ends.
 */
export class Session {
  readonly #options: SessionOptions;
  #connection: Connection | undefined;
  readonly #closing = new AbortController();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Starts connecting; `setup`, `lost` and `failed` report the outcome. */
  start(): void {
    this.#keepConnected().catch((error: unknown) => this.#end(error));
  }

  /** Closes the connection; everything is set up again on a new one. */
  restart(reason: string): void {
    this.#connection?.restart(reason);
  }

  /** Ends the session within `timeoutMs`: the channel first, then its connection. A second time, sooner at most. */
  async close(channel?: Closable, timeoutMs: number = defaults.closeTimeoutMs): Promise<void> {
    this.#closing.abort();
    await this.#connection?.close(channel, timeoutMs);
  }

  /** Ends it because of what a callback has thrown. */
  async #end(thrown: unknown): Promise<void> {
    this.#closing.abort();
    await this.#connection?.close(undefined);
    const message = `The connection was given up because of an error of this program (${reasonOf(thrown)}).`;
    this.#options.failed(new WorkQueueError("CONNECTION_LOST", message, thrown));
  }

  async #keepConnected(): Promise<void> {
    const { urls, report, failed, waitMs, isStarting = () => false } = this.#options;
    const begunAt = Date.now();
    let worked = false;
    let failures: WorkQueueError[] = []; // one for each address in a row that failed
    let attempt = 1; // rounds over all addresses, for the pause between them
    const { signal } = this.#closing;
    for (let at = 0; !signal.aborted; at++) {
      const startedAt = Date.now();
      const connection = new Connection(address(urls, at), this.#options);
      this.#connection = connection;
      const error = await connection.run();
      if (signal.aborted) return;
      const { ready } = connection;
      if (ready) {
        worked = true;
        failures = [];
        // Not after one that was lost at once: whatever ended it, a message say, may do so again.
        if (Date.now() - startedAt > defaults.reconnect.stableMs) attempt = 1;
      } else failures.push(error);
      const firstAt = at + 1 - failures.length;
      const starting =
        !worked && failures.some((one, index) => isStarting(one, address(urls, firstAt + index)));
      const giveUpAt = begunAt + (starting ? defaults.startingWaitMs : waitMs);
      const moreAddresses = !ready && failures.length < urls.length;
      // Once connected, only errors that end a session are final; before, all that end a first connection.
      const final = (error: WorkQueueError) => (worked ? error.endsSession : error.endsFirstConnection);
      if (!moreAddresses && !ready && (failures.every(final) || (!worked && Date.now() >= giveUpAt))) {
        this.#closing.abort();
        failed(together(failures));
        return;
      }
      const left = worked ? Number.POSITIVE_INFINITY : Math.max(giveUpAt - Date.now(), 0);
      const longest = starting ? Math.min(left, defaults.startingDelayMs) : left;
      const delayMs = moreAddresses ? 0 : Math.min(backoff(attempt), longest);
      const broker = address(urls, at + 1).toString();
      report({ event: "reconnecting", broker, attempt, delayMs, starting, reason: error.message });
      if (moreAddresses) continue;
      failures = [];
      attempt++;
      await pause(delayMs, signal);
    }
  }
}

/** One address after another, and again from the first. */
function address(urls: readonly BrokerUrl[], index: number): BrokerUrl {
  const url = urls[index % urls.length];
  if (url === undefined) throw new WorkQueueError("USAGE", "There is no AMQP URL.");
  return url;
}

/** What made every address fail, in one error. */
function together(failures: readonly WorkQueueError[]): WorkQueueError {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const reasons = failures.map(({ message }) => message).join(" ");
  return new WorkQueueError(first?.code ?? "UNREACHABLE", `No address works: ${reasons}`, first);
}
