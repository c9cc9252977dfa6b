import { WorkQueueError } from "./errors.js";
import type { PublishTotals } from "./events.js";
import type { PublishOptions } from "./publish-options.js";
import { Publisher } from "./publisher.js";
import type { Input } from "./task.js";

/**
 * Publishes each input as a task and resolves with the totals when the broker has answered for them all.
 * @throws WorkQueueError for a failed first connection, CONFIRM_TIMEOUT, PUBLISH_REFUSED;
 * and, once the tasks read before are confirmed, INTERRUPTED or what `inputs` throws.
 */
export async function publish(inputs: AsyncIterable<Input>, options: PublishOptions): Promise<PublishTotals> {
  const publisher = new Publisher(options);
  const { signal } = options;
  const tasks = inputs[Symbol.asyncIterator]();
  let interrupted = false;
  try {
    await publisher.start();
    try {
      for (;;) {
        const next = await publisher.orStopped(tasks.next());
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
    publisher.totals.complete = !interrupted;
  } finally {
    // Not awaited: a source that waits for more input may take for ever.
    void (async () => tasks.return?.())().catch(() => {});
    await publisher.close();
  }
  if (!interrupted) return publisher.totals;
  const { confirmed } = publisher.totals;
  const told = confirmed === 1 ? "1 task is confirmed" : `${confirmed} tasks are confirmed`;
  throw new WorkQueueError("INTERRUPTED", `Stopped: ${told}, what follows was not sent.`);
}
