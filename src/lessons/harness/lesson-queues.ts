import { randomUUID } from "node:crypto";
import type { BrokerUrl } from "../../engine/connection/broker-url.js";
import { withChannel } from "../../engine/connection/with-connection.js";
import { reasonOf, WorkQueueError } from "../../engine/errors.js";
import type { QueueCounts } from "../../engine/manage/queue-operations.js";

/** How long a broker may take to delete a lesson's queues, in ms: somebody has pressed Ctrl-C and waits. */
const DELETE_MS = 3_000;

/** A queue that could not be deleted, and why. */
export interface LeftQueue {
  queue: string;
  reason: string;
}

/** The queues of a lesson's own. */
export class LessonQueues {
  readonly #url: BrokerUrl;
  readonly #names: string[] = [];

  constructor(url: BrokerUrl) {
    this.#url = url;
  }

  /** A name for one more; workers and senders declare it. */
  add(purpose: string): string {
    const name = `lesson-${purpose}-${randomUUID().slice(0, 8)}`;
    this.#names.push(name);
    return name;
  }

  /** Looks at one of them, until the signal is aborted. */
  look(queue: string, signal: AbortSignal): Promise<QueueCounts> {
    return withChannel(this.#url, signal, async (channel) => {
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      return { ready: messageCount, workers: consumerCount };
    });
  }

  /** Deletes each of them, whatever becomes of the others; resolves with those that are left. */
  async delete(): Promise<LeftQueue[]> {
    const deadline = new AbortController();
    const late = () =>
      deadline.abort(new WorkQueueError("CONNECT_TIMEOUT", `${this.#url.endpoint} did not answer in time.`));
    const timer = setTimeout(late, DELETE_MS);
    const tries = this.#names.map(async (queue): Promise<LeftQueue[]> => {
      try {
        // A connection each: a refusal closes its channel.
        await withChannel(this.#url, deadline.signal, (channel) => channel.deleteQueue(queue));
        return [];
      } catch (error) {
        return [{ queue, reason: reasonOf(error) }];
      }
    });
    const left = (await Promise.all(tries)).flat();
    clearTimeout(timer);
    return left;
  }
}
