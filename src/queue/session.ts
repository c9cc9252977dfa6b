import { type ChannelModel, connect, type RecoveringChannelModel, type SocketOptions } from "amqplib";
import type { BrokerUrl } from "./broker-url.js";
import { connectError } from "./connect-error.js";
import { defaults } from "./defaults.js";
import { reasonOf, type WorkQueueError } from "./errors.js";
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
  /** Called once for each connection that is lost: nothing on its channels can be used any more. */
  lost(reason: string): void;
  /** Called when the session ends for good because of an error, before or after the first connection. */
  failed(error: WorkQueueError): void;
}

/**
 * One connection after another, for as long as it is wanted. The first one fails early; a later one
 * is made again for ever, by amqplib's recovery. Whatever is lost (connection, channel or consumer)
 * ends the whole connection and sets everything up anew: one way back instead of three.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #cut = new AbortController();
  #recovering: RecoveringChannelModel | undefined;
  #connection: ChannelModel | undefined;
  #giveUpAt: number | undefined;
  #restartReason: string | undefined;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#giveUpAt = Date.now() + options.waitMs;
  }

  /** Starts connecting; what comes of it is heard through `setup`, `lost` and `failed`. */
  async start(): Promise<void> {
    const options = this.#options;
    const { url, name } = options;
    const socket: SocketOptions & { signal: AbortSignal } = {
      // Without it every small frame waits for the ack of the one before: 40 ms a task with prefetch 1.
      noDelay: true,
      timeout: defaults.connectTimeoutMs,
      signal: this.#cut.signal,
      clientProperties: { connection_name: name },
    };
    const target = {
      protocol: url.scheme,
      hostname: url.host,
      port: url.port,
      username: url.username,
      password: url.password,
      // amqplib unescapes a vhost even in object form, so it is passed percent-encoded.
      vhost: encodeURIComponent(url.vhost),
      ...(url.heartbeat === undefined ? {} : { heartbeat: url.heartbeat }),
    };
    const setup = (connection: ChannelModel) => this.#setup(connection);
    const recovering = await connect(target, {
      ...socket,
      // waitForConnect: with it, the defaults would never reject nor let anybody listen.
      recovery: { ...defaults.reconnect, waitForConnect: false, setup },
    });
    this.#recovering = recovering;
    // The reason comes again with the connection's own close; without a listener the process would die.
    recovering.on("error", () => {});
    recovering.on("connect-failed", (error) => this.#attemptFailed(error));
    recovering.on("reconnect-scheduled", ({ attempt, delay, error }) =>
      options.report({
        event: "reconnecting",
        attempt,
        delayMs: delay,
        reason: connectError(error, url).message,
      }),
    );
    recovering.on("blocked", (reason) => options.report({ event: "blocked", reason }));
    recovering.on("unblocked", () => options.report({ event: "unblocked" }));
    if (this.#closed) await recovering.close();
  }

  /** Gives up the present connection, so that the session sets everything up on a new one. */
  restart(reason: string): void {
    // A channel also closes because its connection does, just before that is known: look a moment later.
    queueMicrotask(() => {
      if (this.#closed || this.#connection === undefined) return;
      this.#restartReason ??= reason;
      this.#connection.close().catch(() => {}); // closing already: its close event does the rest
    });
  }

  /**
   * Ends the session and its attempts to connect. The caller has closed its channel before: amqplib
   * writes connection.close past whatever its channels still have to send.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await within(defaults.closeTimeoutMs, this.#recovering?.close());
    this.#cut.abort();
  }

  async #setup(connection: ChannelModel): Promise<void> {
    let gone: Error | undefined;
    let ready = false;
    connection.on("error", (error) => {
      gone ??= error;
    });
    connection.on("close", (error) => {
      gone ??= error ?? new Error("Connection closed");
      this.#connectionLost(gone, ready);
    });
    this.#connection = connection;
    const { product, version } = connection.connection.serverProperties;
    const broker = this.#options.url.toString();
    this.#options.report({ event: "connected", broker, product, version });
    await this.#options.setup(connection);
    // Lost between setup's last answer and now: recovery binds its listeners only after setup.
    if (gone !== undefined) throw gone;
    ready = true;
    this.#giveUpAt = undefined;
  }

  /** A connection that never became `ready` is told as a failed attempt instead. */
  #connectionLost(error: Error, ready: boolean): void {
    this.#connection = undefined;
    if (this.#closed) return;
    const reason = this.#restartReason ?? reasonOf(error);
    this.#restartReason = undefined;
    if (ready) this.#options.report({ event: "connection-lost", reason });
    this.#options.lost(reason);
  }

  /** Decides whether an attempt was the last. Recovery has not yet scheduled the next one. */
  #attemptFailed(thrown: Error): void {
    const error = connectError(thrown, this.#options.url);
    const overdue = this.#giveUpAt !== undefined && Date.now() >= this.#giveUpAt;
    if (this.#closed || !(error.permanent || overdue)) return;
    void this.close();
    this.#options.failed(error);
  }
}

/** Waits for a promise, but no longer than `ms`; how it ended is not told. */
export async function within(ms: number, promise: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise?.catch(() => {}), deadline]);
  clearTimeout(timer);
}
