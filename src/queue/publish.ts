import { WorkQueueError } from "./errors.js";
import type { PublishTotals } from "./events.js";
import type { PublishOptions } from "./publish-options.js";
import { Publisher } from "./publisher.js";
import type { Input } from "./task.js";

/**
 * Publishes each input as a task, as they come, some at a time, and resolves with the totals when the broker
 * has answered for them all.
 * @throws WorkQueueError for a failed first connection, CONFIRM_TIMEOUT, PUBLISH_REFUSED;
 * and, once the tasks read before are confirmed, INTERRUPTED or what `inputs` throws.
 */
export async function publish(
  inputs: AsyncIterable<readonly Input[]>,
  options: PublishOptions,
): Promise<PublishTotals> {
  const publisher = new Publisher(options);
  const { signal } = options;
  const tasks = inputs[Symbol.asyncIterator]();
  let interrupted = false;
  try {
    await publisher.start();
    try {
      while (!interrupted) {
        const next = await orStopped(tasks.next(), publisher, signal);
        if (next?.done === true) break;
        interrupted = next === undefined || signal.aborted;
        for (const input of next?.value ?? []) {
          if (!publisher.hasRoom) await publisher.room();
          interrupted = signal.aborted;
          if (interrupted) break;
          publisher.send(input);
        }
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

/** Waits for the next tasks, but not beyond a stop (undefined then) or a failure. */
async function orStopped<T>(next: Promise<T>, publisher: Publisher, signal: AbortSignal) {
  let settled = false;
  const settle = () => {
    settled = true;
    publisher.wake();
  };
  next.then(settle, settle);
  await publisher.until(() => settled || signal.aborted);
  if (!settled) await new Promise(setImmediate); // an input that has ended says so within a turn
  return settled ? next : undefined;
}
