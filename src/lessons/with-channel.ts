import type { Channel } from "amqplib";
import type { BrokerUrl } from "../queue/broker-url.js";
import { Connection } from "../queue/connection.js";
import { defaults } from "../queue/defaults.js";

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
    await connection.close(open, signal.aborted ? defaults.hurriedCloseMs : defaults.closeTimeoutMs);
  }
}
