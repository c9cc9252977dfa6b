import type { ConsumeMessage } from "amqplib";
import { BrokerUrl } from "../../engine/connection/broker-url.js";
import { withChannel } from "../../engine/connection/with-connection.js";

/** Takes everything out of a queue that nobody else uses, in order, as text. */
export function readQueue(url: string, queue: string, signal: AbortSignal): Promise<string[]> {
  return withChannel(new BrokerUrl(url), signal, async (channel) => {
    const { messageCount } = await channel.checkQueue(queue);
    const found: string[] = [];
    await new Promise<void>((resolve, reject) => {
      if (messageCount === 0) resolve();
      const take = (message: ConsumeMessage | null) => {
        found.push(message?.content.toString() ?? "");
        if (found.length === messageCount) resolve();
      };
      channel.once("close", () => reject(new Error("The queue could not be read to its end.")));
      channel.consume(queue, take, { noAck: true }).catch(reject);
    });
    return found;
  });
}
