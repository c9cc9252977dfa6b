import type { Channel } from "amqplib";
import type { BrokerUrl } from "../queue/broker-url.js";
import { Connection } from "../queue/connection.js";

/** A connection of the lesson's own, to look at queues and to delete them. */
export interface OpenChannel {
  channel: Channel;
  close(): Promise<void>;
}

/** @throws WorkQueueError as a first connection does */
export async function openChannel(url: BrokerUrl): Promise<OpenChannel> {
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
  const failed = connection.run().then((error) => {
    throw error;
  });
  failed.catch(() => {}); // also how it ends when it is closed
  const found = await Promise.race([channel, failed]);
  return { channel: found, close: () => connection.close(found) };
}
