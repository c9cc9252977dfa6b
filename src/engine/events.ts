import type { ErrorCode } from "./errors.js";
import type { Task } from "./task.js";

/** A queue's kind: what `x-queue-type` says. */
export type QueueType = "classic" | "quorum";

/** What the engine reports while it runs; docs/events.md describes each one. */
export type EngineEvent =
  /** `broker` is the URL without its password. */
  | { event: "connected"; broker: string; product: string; version: string }
  | { event: "connection-lost"; reason: string }
  /** `broker` is the address tried next; `starting`: there has been no connection yet, and a broker is starting there. */
  | {
      event: "reconnecting";
      broker: string;
      attempt: number;
      delayMs: number;
      starting: boolean;
      reason: string;
    }
  | { event: "blocked"; reason: string }
  | { event: "unblocked" }
  | { event: "channel-opened"; confirms: boolean }
  | QueueDeclared
  | TaskSent
  /** The broker nacks tasks, which are published again in a while. */
  | { event: "nacked" }
  | { event: "task-confirmed"; task: Task; line: number }
  | { event: "task-unroutable"; task: Task; line: number; reason: string }
  | { event: "task-unconfirmed"; task: Task; line: number; mayBeStored: boolean; reason: string }
  | { event: "consuming"; queue: string; prefetch: number; autoAck: boolean }
  | TaskReceived
  | { event: "task-progress"; task: Task; dotsDone: number }
  /** A line that a task's command wrote. */
  | { event: "task-output"; task: Task; stream: "stdout" | "stderr"; text: string }
  | { event: "task-done"; task: Task; seconds: number }
  | TaskFailed
  | { event: "task-dead"; task: Task; reason: string }
  | { event: "task-aborted"; task: Task; reason: string }
  | { event: "task-requeued"; task: Task; reason: string }
  | { event: "stopping"; reason: string; inHand: number; waiting: number }
  | ({ event: "stopped" } & (PublishTotals | WorkTotals));

/** A task was published, not yet confirmed. */
interface TaskSent {
  event: "task-sent";
  task: Task;
  /** Its line in the input; without one, its number among the tasks. From 1. */
  line: number;
  persistent: boolean;
  ttlMs: number | null;
  /** Published before: its connection was lost, or it was nacked. */
  again: boolean;
}

/** Work on a task begins. */
export interface TaskReceived {
  event: "task-received";
  task: Task;
  redelivered: boolean;
  /** If redelivered: how often it returned to the queue, as a delivery limit counts; only if counted. */
  deliveryCount?: number;
  /** If redelivered: how often a worker had it before; only from RabbitMQ 4.3 on. */
  acquiredCount?: number;
}

/** An attempt at a task failed. */
export interface TaskFailed {
  event: "task-failed";
  task: Task;
  /** Which one, from 1. */
  attempt: number;
  reason: string;
  /** How long it waits for its next attempt, in ms; null: it is a dead letter, or requeued for the broker to decide. */
  retryInMs: number | null;
}

/** How the queue stood when it was declared. */
export interface QueueDeclared {
  event: "queue-declared";
  queue: string;
  /** As declared, or that of an existing queue; null: the broker's default. */
  type: QueueType | null;
  /** Tasks ready, that is waiting for a worker. */
  ready: number;
  /** Consumers on the queue, this one not yet counted. */
  workers: number;
  /** Whether it was new: this declaration created it. */
  created: boolean;
  /** Whether it existed with other arguments and is used as it is. */
  adopted: boolean;
}

/** What a publisher did, in tasks and seconds. */
export interface PublishTotals {
  /** Tasks the broker took over: routed, stored and confirmed. */
  confirmed: number;
  /** Dots in the confirmed tasks. */
  dots: number;
  /** Tasks no queue took (returned by the broker). */
  unroutable: number;
  /** Tasks the broker refused, because they are too large or it went on nacking them: not stored. */
  refused: number;
  /** Tasks that may or may not be stored. */
  unconfirmed: number;
  /** Times a task was published again after a lost connection or a nack; a worker may see it twice. */
  sentAgain: number;
  /** From the first publish to the last confirm. */
  seconds: number;
  /** Whether the input was read to its end and the broker has answered for all of it. */
  complete: boolean;
  /** The broker took, returned or refused every task up to this line of the input; null: none was published. */
  upToLine: number | null;
  /** The lines of the tasks that may or may not be stored, first and last; null: there are none. */
  doubtfulLines: { from: number; to: number } | null;
  /** Tasks ready and consumers when all was confirmed; null: not asked, or no answer. */
  after: { ready: number; workers: number } | null;
}

/** What a worker did, in tasks and seconds. */
export interface WorkTotals {
  /** Tasks worked and acknowledged. */
  done: number;
  /** Seconds spent on them, added up. */
  secondsWorked: number;
  /** Attempts that failed. */
  failed: number;
  /** Tasks that became dead letters. */
  dead: number;
  /** Tasks requeued. */
  requeued: number;
  /** Tasks given up because the connection went away; the broker redelivers them, but with auto-ack they are lost. */
  aborted: number;
}

/** An event with its time and the name of its process. `at` becomes ISO 8601 with ms in JSON. */
export type WorkQueueEvent = EngineEvent & { at: Date; name: string };

/** What a command with --json prints last where it failed. The library rejects with the error instead. */
export interface ErrorEvent {
  event: "error";
  at: Date;
  name: string;
  /** Null: an error that is no WorkQueueError. */
  code: ErrorCode | null;
  message: string;
  /** What to do about it; null: the message says it all. */
  remedy: string | null;
}

/** Takes one event. Called synchronously, so it must be quick. */
export type Report = (event: EngineEvent) => void;

/**
 * Calls a listener with each event. What it throws becomes an uncaught exception with its stack; thrown inside
 * amqplib's handlers, it would become a connection error.
 */
export function safely(listener: (event: EngineEvent) => void): Report {
  return (event) => {
    try {
      listener(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}

/** The same, each event stamped with the time and the name of the process. */
export const stamp = (name: string, listener: (event: WorkQueueEvent) => void): Report =>
  // The three fields that every event has come first in the JSON.
  safely((event) => listener(Object.assign({ event: event.event, at: new Date(), name }, event)));
