import { randomUUID } from "node:crypto";
import type { BrokerUrl } from "../../engine/connection/broker-url.js";
import { withConnection } from "../../engine/connection/with-connection.js";
import { Consumer } from "../../engine/consume/consumer.js";
import { codeOf, reasonOf, WorkQueueError } from "../../engine/errors.js";
import { type Letter, readLetters, replayLetters } from "../../engine/manage/dead-letters.js";
import { deleteQueue, lookAtQueue, type QueueCounts } from "../../engine/manage/queue-operations.js";
import { type QueueStatus, queueStatus } from "../../engine/manage/queue-status.js";

/** How long a broker may take to delete a lesson's queues, in ms: the user has pressed Ctrl-C and waits. */
const DELETE_MS = 3_000;

/** A queue that could not be deleted, and why. */
export interface LeftQueue {
  queue: string;
  reason: string;
}

/** The queues that a lesson creates and deletes. */
export class LessonQueues {
  readonly #target: { urls: readonly BrokerUrl[]; name: string; waitMs: number; report(): void };
  readonly #names: string[] = [];

  constructor(url: BrokerUrl) {
    this.#target = { urls: [url], name: "task-queue lesson", waitMs: 0, report: () => {} };
  }

  /** Connects once, to check the URL. @throws WorkQueueError as a first connection does */
  async connect(signal: AbortSignal): Promise<void> {
    await withConnection({ ...this.#target, signal }, async () => {});
  }

  /**
   * Returns the name of a new queue; workers and senders declare it.
   * @param more what the names of further queues have behind that name, such as `.dead`
   */
  add(purpose: string, ...more: string[]): string {
    const name = `lesson-${purpose}-${randomUUID().slice(0, 8)}`;
    this.#names.push(name, ...more.map((suffix) => name + suffix));
    return name;
  }

  /** Counts a queue's ready tasks and its consumers; rejects when the signal is aborted. */
  look(queue: string, signal: AbortSignal): Promise<QueueCounts> {
    return lookAtQueue({ ...this.#target, queue, signal });
  }

  /** The same with what the management API knows; rejects when the signal is aborted. */
  async status(queue: string, signal: AbortSignal): Promise<QueueStatus> {
    const { status } = await queueStatus({ ...this.#target, queue, adminUrl: undefined, signal });
    return status;
  }

  /** A queue's dead letters, which stay; rejects when the signal is aborted. */
  async deadLetters(queue: string, signal: AbortSignal): Promise<Letter[]> {
    const letters: Letter[] = [];
    await readLetters({ ...this.#target, queue, signal }, (letter) => letters.push(letter));
    return letters;
  }

  /** Puts a queue's dead letters back into it; resolves with their ids. */
  replay(queue: string, signal: AbortSignal): Promise<string[]> {
    return replayLetters({ ...this.#target, queue, signal }, "all");
  }

  /** Takes all tasks out of a queue without other consumers, in order, as text. */
  async read(queue: string): Promise<string[]> {
    const found: string[] = [];
    await new Consumer({
      ...{ ...this.#target, queue, queueType: undefined, autoAck: false, consumerTimeoutMs: undefined },
      ...{ concurrency: 1, prefetch: 1_000, maxTasks: undefined, exitWhenEmpty: true, retry: [] },
      handler: ({ text = "" }) => {
        found.push(text);
      },
    }).finished;
    return found;
  }

  /** Tries to delete each queue; resolves with those that could not be deleted. */
  async delete(): Promise<LeftQueue[]> {
    const deadline = new AbortController();
    const [endpoint] = this.#target.urls.map((url) => url.endpoint);
    const tooLate = new WorkQueueError("CONNECT_TIMEOUT", `${endpoint} did not answer in time.`);
    const timer = setTimeout(() => deadline.abort(tooLate), DELETE_MS);
    const attempts = this.#names.map(async (queue): Promise<LeftQueue[]> => {
      try {
        await deleteQueue(
          { ...this.#target, queue, signal: deadline.signal },
          { ifEmpty: false, ifUnused: false },
        );
        return [];
      } catch (error) {
        // The lesson ended before any process had declared it.
        return codeOf(error) === "QUEUE_MISSING" ? [] : [{ queue, reason: reasonOf(error) }];
      }
    });
    const left = (await Promise.all(attempts)).flat();
    clearTimeout(timer);
    return left;
  }
}
