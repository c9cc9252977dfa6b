import type { WorkQueueEvent } from "../engine/events.js";
import type { Task } from "../engine/task.js";

/** What a lesson does to workers and broker, which they do not report themselves; `name` is the lane it belongs to. */
export type LessonEvent =
  | { event: "worker-killed" }
  | { event: "broker-killed" }
  | { event: "broker-back" }
  /** It will never be done: a killed worker with auto-ack held it, or it was not on the broker's disk. */
  | { event: "task-lost"; task: Task }
  /** It is done, and its worker does not acknowledge it. */
  | { event: "task-forgotten"; task: Task }
  /** The counts of a queue, as `task-queue status` has them. */
  | { event: "queue-looked-at"; ready: number; unacknowledged: number | null }
  | BatchEvent;

/**
 * A sender's batch, in a lesson without workers. `tasks`: how many the sender counts as sent; `whole`: false where the
 * broker's crash cut it off.
 */
type BatchEvent =
  | { event: "batch-begun" }
  | { event: "batch-ended"; label: string; tasks: number; whole: boolean };

/** Everything that a timeline is made of. */
export type TimelineEvent = WorkQueueEvent | (LessonEvent & { at: Date; name: string });
