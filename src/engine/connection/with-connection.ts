import type { ChannelModel } from "amqplib";
import { defaults } from "../defaults.js";
import { WorkQueueError } from "../errors.js";
import type { Report } from "../events.js";
import type { BrokerUrl } from "./broker-url.js";
import { atBroker } from "./connect-error.js";
import { Session, type SessionTarget } from "./session.js";

/** Where to connect for one operation on the broker. */
export interface ConnectionRequest extends SessionTarget {
  report: Report;
  /** Aborting it closes the connection at once, even if the broker is silent. Default: none. */
  signal?: AbortSignal;
}

/**
 * Makes a connection, does `work` on it and closes it.
 * @throws WorkQueueError as a session's first connection does, the signal's reason, else what `work` throws.
 */
export function withConnection<T>(
  request: ConnectionRequest,
  work: (connection: ChannelModel, broker: BrokerUrl) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    signal?.throwIfAborted();
    const over = new AbortController();
    const close = async (settle: () => void, timeoutMs?: number) => {
      over.abort();
      await session.close(undefined, timeoutMs);
      settle();
    };
    const session = new Session({
      ...request,
      failed: (error) => void close(() => reject(error)),
      setup: async (connection, broker) => {
        // If it fails, the connection has not: no other address or attempt is tried.
        const settle = await work(connection, broker).then(
          (result) => () => resolve(result),
          (error: unknown) => () => reject(error instanceof WorkQueueError ? atBroker(error, broker) : error),
        );
        void close(settle);
      },
    });
    signal?.addEventListener("abort", () => void close(() => reject(signal.reason), defaults.forcedCloseMs), {
      signal: over.signal,
    });
    session.start();
  });
}
