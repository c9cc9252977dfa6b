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
  const { signal } = options;
  const tasks = Symbol.asyncIterator in bodies ? bodies[Symbol.asyncIterator]() : bodies[Symbol.iterator]();
  let interrupted = false;
  try {
    await publisher.start();
    try {
      for (;;) {
        const next = await publisher.orStopped(Promise.resolve(tasks.next()));
        if (next?.done === true) break;
        interrupted = next === undefined || signal.aborted;
        if (next === undefined || interrupted) break;
        await publisher.send(next.value);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      interrupted = true;
    } finally {
      await publisher.settled();
    }
  } finally {
    // Not awaited: a source that waits for more input may take for ever.
    void Promise.resolve(tasks.return?.()).catch(() => {});
    await publisher.close();
  }
  if (!interrupted) return publisher.totals;
  const { confirmed } = publisher.totals;
  const told = confirmed === 1 ? "1 task is confirmed" : `${confirmed} tasks are confirmed`;
  throw new WorkQueueError("INTERRUPTED", `Stopped: ${told}, what follows was not sent.`);
}
