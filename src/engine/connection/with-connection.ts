import type { Channel, ChannelModel } from "amqplib";
import { defaults } from "../defaults.js";
import type { Report } from "../events.js";
import type { BrokerUrl } from "./broker-url.js";
import { Connection } from "./connection.js";
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

/**
 * Makes a connection of the lesson's own, to look at queues and to delete them, does `work` and closes it.
 * @param signal aborted: all of that is given up, also where the broker is silent
 * @throws WorkQueueError as a first connection does, the signal's reason, else what `work` throws
 */
export async function withChannel<T>(
  url: BrokerUrl,
  signal: AbortSignal,
  work: (channel: Channel) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  let opened = (_: Channel) => {};
  const channel = new Promise<Channel>((resolve) => {
    opened = resolve;
  });
  const connection = new Connection(url, {
    name: "task-queue lesson",
    report: () => {},
    setup: async (model) => {
      const channel = await model.createChannel();
      channel.on("error", () => {}); // whoever asked for something is told
      opened(channel);
    },
  });
  let giveUp = () => {};
  const over = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    void connection.run().then(reject);
  });
  over.catch(() => {}); // also how it ends when it is closed
  signal.addEventListener("abort", giveUp, { once: true });
  let open: Channel | undefined;
  try {
    open = await Promise.race([channel, over]);
    return await Promise.race([work(open), over]);
  } finally {
    signal.removeEventListener("abort", giveUp);
    await connection.close(open, signal.aborted ? defaults.forcedCloseMs : defaults.closeTimeoutMs);
  }
}
