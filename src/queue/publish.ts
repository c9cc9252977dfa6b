import { WorkQueueError } from "./errors.js";
import type { PublishTotals } from "./events.js";
import { Publisher, type PublishOptions } from "./publisher.js";

/**
 * Publishes each body as a task and resolves with the totals when the broker has answered for them all.
 * @throws WorkQueueError for a failed first connection, CONFIRM_TIMEOUT, PUBLISH_REFUSED;
 * and, once the tasks read before are confirmed, INTERRUPTED or what `bodies` throws.
 */
export async function publish(
  bodies: Iterable<Buffer> | AsyncIterable<Buffer>,
  options: PublishOptions,
): Promise<PublishTotals> {
  const publisher = new Publisher(options);
  try {
    await publisher.start();
    try {
      for await (const body of bodies) {
        options.signal.throwIfAborted();
        await publisher.send(body);
      }
    } finally {
      await publisher.settled();
    }
  } catch (error) {
    if (!options.signal.aborted || error instanceof WorkQueueError) throw error;
    const { confirmed } = publisher.totals;
    const told = confirmed === 1 ? "1 task is confirmed" : `${confirmed} tasks are confirmed`;
    throw new WorkQueueError("INTERRUPTED", `Stopped: ${told}, what follows was not sent.`);
  } finally {
    await publisher.close();
  }
  return publisher.totals;
}
