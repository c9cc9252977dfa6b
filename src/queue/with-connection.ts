import type { ChannelModel } from "amqplib";
import type { BrokerUrl } from "./broker-url.js";
import type { Report } from "./events.js";
import { Session, type SessionTarget } from "./session.js";

/**
 * Makes a connection, does `work` on it and closes it: for what is one question or one order to the broker.
 * @throws WorkQueueError as a session's first connection does, else what `work` throws.
 */
export function withConnection<T>(
  target: SessionTarget & { report: Report },
  work: (connection: ChannelModel, broker: BrokerUrl) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const session = new Session({
      ...target,
      failed: reject,
      setup: async (connection, broker) => {
        // Its failure is not the connection's: another address, or another attempt, is not to be tried.
        const end = await work(connection, broker).then(
          (result) => () => resolve(result),
          (error: unknown) => () => reject(error),
        );
        void session.close().then(end);
      },
    });
    session.start();
  });
}
