/** What the page is made of. Shared by server and page, so nothing of Node is in it. */

/** A task as the page shows it. */
export interface LiveTask {
  /** Its message id; where it has none, or another task of that id is about, one that is made up. */
  id: string;
  /** The body: printable, on one line, cut to 200 characters. */
  text: string;
  /** Size of the body. */
  bytes: number;
  dots: number;
}

/** How it is known that something ended: seen, or concluded from something that was seen later. */
export type Derived =
  /** Its worker was sent the next one, beyond its prefetch. */
  | "next delivery"
  /** The broker counted fewer unacknowledged tasks. */
  | "count"
  /** Its worker's channel or process has gone. */
  | "worker gone"
  /** Another worker was sent it, marked as redelivered. */
  | "redelivered"
  /** The consumer uses automatic acks: sent is done. */
  | "auto-ack";

/** Something that happened; `worker` and `sender` are ids within this page. */
type Happening =
  /** The page looks at a queue; everything before is over. `acts`: its buttons may send and start workers. */
  | {
      event: "watching";
      queue: string;
      vhost: string;
      broker: string;
      version: string;
      ownBroker: boolean;
      acts: boolean;
    }
  /** What can be seen: `trace` is false where there is no firehose, `because` says why. */
  | { event: "sight"; trace: boolean; management: boolean; because: string | null; wasOn: boolean }
  /** A process that the page has started could not do its work. */
  | { event: "process-failed"; reason: string }
  | { event: "broker-killed" }
  | { event: "broker-lost"; reason: string }
  | { event: "broker-back" }
  /** The lesson is over: nothing more will be seen. */
  | { event: "over" }
  /** Nothing was seen between then and now: the page's server was suspended, or its connection was lost. */
  | { event: "gap"; since: string }
  | { event: "sender-known"; sender: string; own: boolean }
  | { event: "task-published"; task: LiveTask; sender: string; to: "queue" | "retry" | "dead"; retry?: Retry }
  | WorkerHappening
  /** Sent to a worker that this page has started, which has not begun it yet. */
  | { event: "task-delivered"; task: LiveTask; worker: string; redelivered: boolean }
  /** Sent to a foreign worker, or begun by a worker of this page. */
  | { event: "task-received"; task: LiveTask; worker: string; redelivered: boolean; traced?: boolean }
  | { event: "task-done"; task: LiveTask; worker: string; seconds: number; derived?: Derived }
  | { event: "task-failed"; task: LiveTask; worker: string; derived?: Derived }
  /** Back in the queue, where it was. */
  | { event: "task-requeued"; task: LiveTask; worker: string; derived?: Derived }
  /** No longer in the queue, and nobody was sent it: expired or purged. */
  | { event: "task-gone"; task: LiveTask; derived: Derived }
  /** The broker's own counts, when they change. `unseen`: ready tasks of which only the number is known. */
  | {
      event: "counted";
      exists: boolean;
      ready: number;
      unacknowledged: number | null;
      unseen: number;
      dead: number | null;
    }
  /** Too many events to show each: from here on there are only counts (or no longer). */
  | { event: "counting"; on: boolean }
  | ({ event: "counts" } & Counts);

/** Why a copy waits, or is dead. */
export interface Retry {
  /** How long it waits, in ms; null: not at all, it is dead. */
  delayMs: number | null;
  attempt: number | null;
  reason: string | null;
}

type WorkerHappening =
  | { event: "worker-joined"; worker: string; own: boolean; prefetch: number | null; dotMs: number | null }
  | { event: "worker-known"; worker: string; prefetch: number | null; autoAck: boolean }
  | { event: "worker-stopping"; worker: string }
  | { event: "worker-paused"; worker: string }
  | { event: "worker-resumed"; worker: string }
  /** It had no time to say so: kill -9. */
  | { event: "worker-killed"; worker: string }
  /** `gone`: a foreign worker's channel is not there any more. */
  | { event: "worker-left"; worker: string; how: "stopped" | "gone" | "failed"; derived?: Derived };

/** Totals since the page began. */
export interface Counts {
  published: number;
  delivered: number;
  /** Acknowledged, as far as that was seen: by workers of this page. */
  done: number;
  /** Whether some could not be told apart: copies that were too many to be read. */
  about: boolean;
  /** Per second, over the last second. */
  publishRate: number;
  deliverRate: number;
  /** Deliveries so far of each worker. */
  workers: Record<string, number>;
}

/** An event: `at` is ISO 8601 with ms, `name` the worker, the sender or the broker it is about. */
export type LiveEvent = Happening & { at: string; name: string };

/** An event before it is stamped with its time. */
export type Unstamped = Happening & { name: string };
