import { type Channel, type ChannelModel, connect, type SocketOptions } from "amqplib";
import type { BrokerUrl } from "./broker-url.js";
import { connectError } from "./connect-error.js";
import { defaults } from "./defaults.js";
import { reasonOf, WorkQueueError } from "./errors.js";
import type { Report } from "./events.js";

export interface SessionOptions {
  url: BrokerUrl;
  /** The connection's name in RabbitMQ's admin UI. */
  name: string;
  /** How long to keep trying for the first connection, in ms; 0: one attempt. */
  waitMs: number;
  report: Report;
  /** Opens the channel and whatever lives on it, on every new connection. */
  setup(connection: ChannelModel): Promise<void>;
  /** Called when a connection has ended: nothing on its channels can be used any more. */
  lost?(reason: string): void;
  /** Called when the session ends for good because of an error, before or after the first connection. */
  failed(error: WorkQueueError): void;
}

/**
 * One connection after another, for as long as it is wanted. The first one fails early; later ones are
 * made for ever, with growing pauses. Whatever is lost (connection, channel or consumer) ends the whole
 * connection and sets everything up anew: one way back instead of three.
 *
 * amqplib's own recovery is not used here: it cannot abandon an attempt that hangs, nor a connection that
 * goes away while it is being closed, after which it neither retries nor ends.
 */
export class Session {
  readonly #options: SessionOptions;
  #connection: ChannelModel | undefined;
  /** Destroys the socket of the present attempt or connection. */
  #socket = new AbortController();
  #wake = () => {};
  #restartReason: string | undefined;
  /** Whether the present connection, or the last one, got through its setup. */
  #ready = false;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Starts connecting; what comes of it is heard through `setup`, `lost` and `failed`. */
  start(): void {
    void this.#keepConnected();
  }

  /** Gives up the present connection, so that everything is set up on a new one. */
  restart(reason: string): void {
    // A channel also closes because its connection does, just before that is known: look a moment later.
    queueMicrotask(() => {
      if (this.#closed || this.#connection === undefined) return;
      this.#restartReason ??= reason;
      void this.#hangUp(this.#connection);
    });
  }

  /**
   * Ends the session. The channel is closed before its connection: amqplib writes connection.close past
   * whatever a channel still has to send, acks and publishes among it.
   */
  async close(channel?: Channel): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    if (channel !== undefined) await within(defaults.closeTimeoutMs, channel.close());
    if (this.#connection !== undefined) await this.#hangUp(this.#connection);
    this.#socket.abort();
  }

  async #keepConnected(): Promise<void> {
    const { report, failed, waitMs } = this.#options;
    const giveUpAt = Date.now() + waitMs;
    let worked = false;
    for (let attempt = 1; !this.#closed; attempt++) {
      const error = await this.#oneConnection();
      if (this.#closed) return;
      if (this.#ready) {
        worked = true;
        attempt = 1;
      }
      // Once it has worked, only what time cannot mend is final; before, whatever looks like a mistake.
      const final = worked ? error.lasting : error.permanent || Date.now() >= giveUpAt;
      if (final) {
        this.#closed = true;
        failed(error);
        return;
      }
      const left = worked ? Number.POSITIVE_INFINITY : Math.max(giveUpAt - Date.now(), 0);
      const delayMs = Math.min(backoff(attempt), left);
      report({ event: "reconnecting", attempt, delayMs, reason: error.message });
      await this.#pause(delayMs);
    }
  }

  /** From the attempt to connect to the connection's end; resolves with why it ended. */
  async #oneConnection(): Promise<WorkQueueError> {
    const { url, report, setup, lost } = this.#options;
    this.#socket = new AbortController();
    this.#ready = false;
    let connection: ChannelModel;
    try {
      connection = await connect(target(url), this.#socketOptions());
    } catch (error) {
      return connectError(error, url);
    }
    const closed = closing(connection);
    this.#connection = connection;
    this.#restartReason = undefined;
    connection.on("close", () => {
      this.#connection = undefined;
    });
    connection.on("blocked", (reason) => report({ event: "blocked", reason }));
    connection.on("unblocked", () => report({ event: "unblocked" }));
    const { product, version } = connection.connection.serverProperties;
    report({ event: "connected", broker: url.toString(), product, version });

    const refusal = await this.#refusal(setup(connection), closed);
    if (refusal !== undefined) await this.#hangUp(connection, closed);
    else this.#ready = true;
    const end = await closed;
    const reason = this.#restartReason ?? reasonOf(refusal ?? end);
    lost?.(reason);
    if (refusal !== undefined) return connectError(refusal, url);
    if (!this.#closed) report({ event: "connection-lost", reason });
    return new WorkQueueError("CONNECTION_LOST", `Not connected to ${url.endpoint}.`);
  }

  /** Why the setup failed, or undefined. It fails too when the connection ends meanwhile, or time is up. */
  async #refusal(setup: Promise<void>, closed: Promise<Error>): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Error>((resolve) => {
      const error = () =>
        new WorkQueueError("CONNECT_TIMEOUT", `${this.#options.url.endpoint} did not answer in time.`);
      timer = setTimeout(() => resolve(error()), defaults.setupTimeoutMs);
    });
    const done = setup.then(
      () => undefined,
      (error: unknown) => error ?? new Error("failed"),
    );
    const refusal = await Promise.race([done, closed, late]);
    clearTimeout(timer);
    return refusal;
  }

  /** Closes a connection, politely at first. */
  async #hangUp(connection: ChannelModel, closed: Promise<unknown> = closing(connection)): Promise<void> {
    const socket = this.#socket;
    connection.close().catch(() => {}); // closed already
    await within(defaults.closeTimeoutMs, closed);
    socket.abort();
  }

  #socketOptions(): SocketOptions & { signal: AbortSignal } {
    return {
      // Without it every small frame waits for the ack of the one before: 40 ms a task with prefetch 1.
      noDelay: true,
      timeout: defaults.connectTimeoutMs,
      signal: this.#socket.signal,
      clientProperties: { connection_name: this.#options.name },
    };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function target(url: BrokerUrl) {
  return {
    protocol: url.scheme,
    hostname: url.host,
    port: url.port,
    username: url.username,
    password: url.password,
    // amqplib unescapes a vhost even in object form, so it is passed percent-encoded.
    vhost: encodeURIComponent(url.vhost),
    ...(url.heartbeat === undefined ? {} : { heartbeat: url.heartbeat }),
  };
}

/** Resolves with the reason when the connection has closed. A broker's shutdown tells no error, only the close. */
function closing(connection: ChannelModel): Promise<Error> {
  return new Promise((resolve) => {
    let first: Error | undefined;
    connection.on("error", (error) => {
      first ??= error;
    });
    connection.on("close", (error) => resolve(first ?? error ?? new Error("Connection closed")));
  });
}

/** The pause before an attempt, in ms: doubled each time up to the longest, and off by a random part. */
function backoff(attempt: number): number {
  const { initialDelay, maxDelay, factor, jitter } = defaults.reconnect;
  const base = Math.min(maxDelay, initialDelay * factor ** (attempt - 1));
  return Math.round(base * (1 - jitter * Math.random()));
}

/** Waits for a promise, but no longer than `ms`; how it ended is not told. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise.catch(() => {}), deadline]);
  clearTimeout(timer);
}
