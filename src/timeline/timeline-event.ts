import type { WorkQueueEvent } from "../engine/events.js";
import type { Task } from "../engine/task.js";

/** What is done to workers and broker, which they cannot tell themselves; `name` is the lane it belongs to. */
export type LessonEvent =
  | { event: "worker-killed" }
  | { event: "broker-killed" }
  | { event: "broker-back" }
  /** Nobody will do it: held by a worker with auto-ack that was killed, or gone with the broker. */
  | { event: "task-lost"; task: Task }
  | BatchEvent;

/** A sender's batch, in a lesson without workers: `tasks` is how many it takes for sent, `whole` to its end. */
type BatchEvent =
  | { event: "batch-begun" }
  | { event: "batch-ended"; label: string; tasks: number; whole: boolean };

/** Whatever happens in a lesson, as its timeline shows it. */
export type TimelineEvent = WorkQueueEvent | (LessonEvent & { at: Date; name: string });
