import type { SecureContextOptions } from "node:tls";
import { type ChannelModel, connect, type SocketOptions } from "amqplib";
import { defaults } from "../defaults.js";
import { reasonOf, WorkQueueError } from "../errors.js";
import type { Report } from "../events.js";
import { pause, within } from "../timers.js";
import { patchAmqplib } from "./amqplib-patches.js";
import type { BrokerUrl } from "./broker-url.js";
import { connectError } from "./connect-error.js";
import { connectWithBatches } from "./write-batch.js";

/** Client identity. */
export interface ConnectionTarget {
  /** PEM certificates for amqps: the authority that replaces the system's, and the client's own. */
  tls?: Pick<SecureContextOptions, "ca" | "cert" | "key"> | undefined;
  /** The connection's name in RabbitMQ's admin UI. */
  name: string;
}

export interface ConnectionOptions extends ConnectionTarget {
  report: Report;
  /** Opens and sets up the channel; `url` is the address that worked. */
  setup(connection: ChannelModel, url: BrokerUrl): Promise<void>;
  /** Called when the connection has ended: nothing on its channels can be used any more. */
  lost?(reason: string): void;
}

/** What is closed before its connection: a channel. */
export interface Closable {
  close(): Promise<void>;
}

/** One connection, from the attempt to make it to its end. */
export class Connection {
  readonly #url: BrokerUrl;
  readonly #options: ConnectionOptions;
  readonly #destroySocket = new AbortController();
  #connection: ChannelModel | undefined;
  #restartReason: string | undefined;
  #ready = false;
  #closing = false;

  constructor(url: BrokerUrl, options: ConnectionOptions) {
    this.#url = url;
    this.#options = options;
  }

  /** Whether its setup succeeded. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Connects; resolves with the reason why that failed or the connection ended. */
  async run(): Promise<WorkQueueError> {
    const { report, setup, lost } = this.#options;
    const url = this.#url;
    let connection: ChannelModel;
    try {
      connection = await connectWithBatches(() => connect(target(url), this.#socketOptions()));
    } catch (error) {
      return connectError(error, url);
    }
    patchAmqplib(connection);
    const closed = whenClosed(connection);
    this.#connection = connection;
    connection.on("close", () => {
      this.#connection = undefined;
    });
    connection.on("blocked", (reason) => report({ event: "blocked", reason }));
    connection.on("unblocked", () => report({ event: "unblocked" }));
    const { product, version } = connection.connection.serverProperties;
    report({ event: "connected", broker: url.toString(), product, version });

    const failure = await this.#setupFailure(setup(connection, url), closed);
    let end = failure;
    if (failure === undefined) {
      this.#ready = true;
      end = await closed;
      // After a heartbeat timeout amqplib only ends the socket, and a silent peer never ends its side.
      setTimeout(() => this.#destroySocket.abort(), defaults.closeTimeoutMs).unref();
    } else await this.#closeConnection(connection, closed); // passed on: its close may be over
    const reason = this.#restartReason ?? reasonOf(end);
    lost?.(reason);
    if (failure !== undefined) return connectError(failure, url);
    if (!this.#closing) report({ event: "connection-lost", reason });
    return new WorkQueueError("CONNECTION_LOST", `Not connected to ${url.endpoint}.`);
  }

  /** Closes it for the given reason; the session opens the next one. */
  restart(reason: string): void {
    // When the acks of this turn are sent: amqplib sends connection.close ahead of them, and they take the setImmediate
    // after the next tick. By then it is also known whether the connection is closing, which closes its channels first.
    setImmediate(() =>
      setImmediate(() => {
        if (this.#closing || this.#connection === undefined || this.#restartReason !== undefined) return;
        this.#restartReason = reason;
        void this.#closeConnection(this.#connection);
      }),
    );
  }

  /**
   * Closes it for good, within `timeoutMs`. The channel is closed first: amqplib sends connection.close ahead of what
   * a channel has yet to send, including acks and publishes. Closed a second time, only the time may get shorter.
   */
  async close(channel: Closable | undefined, timeoutMs: number = defaults.closeTimeoutMs): Promise<void> {
    setTimeout(() => this.#destroySocket.abort(), timeoutMs).unref();
    if (this.#closing) return;
    this.#closing = true;
    const connection = this.#connection;
    if (connection !== undefined) {
      const closed = whenClosed(connection);
      // amqplib's channel.close stays pending when the connection ends first.
      if (channel !== undefined) await within(timeoutMs, Promise.race([channel.close(), closed]));
      if (this.#connection !== undefined) await this.#closeConnection(connection, closed, timeoutMs);
    }
    this.#destroySocket.abort();
  }

  /** Why the setup failed, or undefined. It also fails if the connection ends, or on a timeout. */
  async #setupFailure(setup: Promise<void>, closed: Promise<Error>): Promise<unknown> {
    const settled = new AbortController();
    const late = pause(defaults.setupTimeoutMs, settled.signal).then(
      () => new WorkQueueError("CONNECT_TIMEOUT", `${this.#url.endpoint} did not answer in time.`),
    );
    const done = setup.then(
      () => undefined,
      (error: unknown) => error ?? new Error("failed"),
    );
    const failure = await Promise.race([done, closed, late]);
    settled.abort();
    return failure;
  }

  /** Sends connection.close, waits for its answer, then destroys the socket. */
  async #closeConnection(
    connection: ChannelModel,
    closed: Promise<unknown> = whenClosed(connection),
    timeoutMs: number = defaults.closeTimeoutMs,
  ): Promise<void> {
    connection.close().catch(() => {}); // closed already
    await within(timeoutMs, closed);
    this.#destroySocket.abort();
  }

  #socketOptions(): SocketOptions & { signal: AbortSignal; writableHighWaterMark: number } {
    const { name, tls } = this.#options;
    return {
      // Without it a small frame waits for the previous one's TCP ack: 40 ms a task with prefetch 1.
      noDelay: true,
      // The default of 16 KiB would split the publishes of a turn, which `batchWrites` puts into one write.
      writableHighWaterMark: defaults.writeBufferBytes,
      timeout: defaults.connectTimeoutMs,
      signal: this.#destroySocket.signal,
      clientProperties: { connection_name: name },
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
      rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
    };
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

/** Resolves with the reason when the connection has closed. A broker's shutdown emits no error, only the close. */
function whenClosed(connection: ChannelModel): Promise<Error> {
  return new Promise((resolve) => {
    let first: Error | undefined;
    connection.on("error", (error) => {
      first ??= error;
    });
    connection.on("close", (error) => resolve(first ?? error ?? new Error("Connection closed")));
  });
}
