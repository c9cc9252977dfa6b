import type { Task } from "./task.js";

/** A queue's kind: what `x-queue-type` says. */
export type QueueType = "classic" | "quorum";

/** What the engine reports while it runs; docs/events.md describes each one. */
export type EngineEvent =
  /** `broker` is the URL without its password. */
  | { event: "connected"; broker: string; product: string; version: string }
  | { event: "connection-lost"; reason: string }
  | { event: "reconnecting"; attempt: number; delayMs: number; reason: string }
  | { event: "blocked"; reason: string }
  | { event: "unblocked" }
  | { event: "channel-opened"; confirms: boolean }
  | QueueDeclared
  | { event: "task-sent"; task: Task; persistent: boolean; ttlMs: number | null; again: boolean }
  | { event: "task-confirmed"; task: Task }
  | { event: "task-unroutable"; task: Task; reason: string }
  | { event: "task-unconfirmed"; task: Task; reason: string }
  | { event: "consuming"; queue: string; prefetch: number; autoAck: boolean }
  | { event: "task-received"; task: Task; redelivered: boolean; deliveryCount?: number }
  | { event: "task-progress"; task: Task; dotsDone: number }
  | { event: "task-done"; task: Task; seconds: number }
  | { event: "task-aborted"; task: Task; reason: string }
  | { event: "task-requeued"; task: Task; reason: string }
  | { event: "stopping"; reason: string; inHand: number; waiting: number }
  | ({ event: "stopped" } & (PublishTotals | WorkTotals));

/** How the queue stood when it was declared. */
export interface QueueDeclared {
  event: "queue-declared";
  queue: string;
  /** As declared, or as found where another type was there already; null: the broker's default. */
  type: QueueType | null;
  /** Tasks ready, that is waiting for a worker. */
  ready: number;
  /** Consumers on the queue, this one not yet counted. */
  workers: number;
  /** True where the queue was there with other arguments and is used as it is. */
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
  /** Tasks that may or may not be stored. */
  unconfirmed: number;
  /** Tasks published again after a lost connection; a worker may see them twice. */
  sentAgain: number;
  /** From the first publish to the last confirm. */
  seconds: number;
}

/** What a worker did, in tasks and seconds. */
export interface WorkTotals {
  /** Tasks worked and acknowledged. */
  done: number;
  /** Seconds spent on them, added up. */
  secondsWorked: number;
  /** Tasks handed back to the queue. */
  requeued: number;
  /** Tasks given up because the connection went away; the broker redelivers them. */
  aborted: number;
}

/** An event as a reporter gets it: when, and who speaks. `at` becomes ISO 8601 with ms in JSON. */
export type WorkQueueEvent = EngineEvent & { at: Date; name: string };

/** Takes one event. Called synchronously, so it must be quick and must not throw. */
export type Report = (event: EngineEvent) => void;

/** Stamps each event with the time and the speaker's name and passes it on. */
export function speakAs(name: string, listener: (event: WorkQueueEvent) => void): Report {
  // The three that every event has come first, where a reader of the JSON looks for them.
  return (event) => listener(Object.assign({ event: event.event, at: new Date(), name }, event));
}
