import type { ChannelModel, ConfirmChannel } from "amqplib";
import { defaults } from "./defaults.js";
import { reasonOf, WorkQueueError } from "./errors.js";
import { returnReason } from "./message.js";
import { openQueueChannel, type QueueChannelOptions } from "./queue-channel.js";

/** What a publisher hears of its channel. */
interface Listeners {
  /** A message came back, because no queue took it. */
  returned(messageId: unknown, reason: string): void;
  /** amqplib's buffer has room again. */
  drained(): void;
  /** The broker closed the channel because of something that was published. */
  refused(reason: string): void;
  closed(channel: ConfirmChannel): void;
}

/** Opens a channel with confirms on which the queue is declared. @throws WorkQueueError as `openQueueChannel` does */
export async function openPublishChannel(
  connection: ChannelModel,
  options: QueueChannelOptions,
  listeners: Listeners,
): Promise<ConfirmChannel> {
  const closed = new Set<ConfirmChannel>();
  const open = async () => {
    const opened = await connection.createConfirmChannel({ highWaterMark: defaults.publishBufferBytes });
    opened.on("close", () => {
      closed.add(opened);
      listeners.closed(opened);
    });
    return opened;
  };
  const channel = await openQueueChannel(open, options);
  // Its close may have come in one segment with the answer to the declaration.
  if (closed.has(channel)) throw new WorkQueueError("CONNECTION_LOST", "The channel was closed at once.");
  channel.on("return", ({ properties, fields }) =>
    listeners.returned(properties.messageId, returnReason(fields)),
  );
  channel.on("drain", () => listeners.drained());
  channel.on("error", (error) => listeners.refused(reasonOf(error)));
  return channel;
}
