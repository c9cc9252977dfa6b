import type { PublishTotals } from "./events.js";

/** Error codes, for programs to switch on; docs/events.md lists them. */
export type ErrorCode =
  | "USAGE" // a value given by the user is malformed
  | "BAD_URL" // the AMQP URL is malformed
  | "UNREACHABLE" // nothing answers at the broker's address
  | "HOST_UNKNOWN" // the host name does not resolve
  | "CONNECT_TIMEOUT" // something answers, but AMQP's opening or the queue's declaration took too long
  | "NOT_AMQP" // what answers does not speak AMQP 0-9-1
  | "TLS" // the TLS handshake failed
  | "ACCESS_REFUSED" // wrong user or password, or not permitted
  | "VHOST_REFUSED" // the virtual host does not exist, or the user may not use it
  | "QUEUE_MISMATCH" // the queue exists with properties that cannot be worked with
  | "QUEUE_REFUSED" // the broker refuses the queue for another reason
  | "QUEUE_UNAVAILABLE" // the queue exists, but cannot be used now: its node is down, or another client has it alone
  | "QUEUE_MISSING" // the queue does not exist
  | "QUEUE_KEPT" // the queue was not deleted: a condition does not hold, or its type supports none
  | "CONSUME_REFUSED" // the queue cannot be consumed from in this way
  | "PUBLISH_REFUSED" // the broker refused a task, or closed the publisher's channel
  | "UNROUTABLE" // no queue took the task
  | "CONFIRM_TIMEOUT" // no confirm came in time
  | "NACKED" // the broker kept nacking every task: its queue is full, or has no leader
  | "CONNECTION_LOST" // the connection is gone
  | "INTERRUPTED" // asked to stop before the end
  | "COMMAND" // the command that is to do the tasks cannot be run
  | "INPUT" // the tasks to publish cannot be read
  | "BROKER_START" // the private broker did not start
  | "BROKER_ENDED"; // the private broker ended by itself

/** Codes of likely mistakes, which a retry is not expected to fix. */
const mistakes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "BAD_URL",
  "NOT_AMQP",
  "TLS",
  "ACCESS_REFUSED",
  "VHOST_REFUSED",
  "QUEUE_MISMATCH",
  "QUEUE_REFUSED",
  "QUEUE_MISSING",
  "QUEUE_KEPT",
  "CONSUME_REFUSED",
]);

/** Those that stay mistakes once the first connection has worked. Others may pass: a limit, a failover, a boot. */
const lastingMistakes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ACCESS_REFUSED",
  "QUEUE_MISMATCH",
  "CONSUME_REFUSED",
]);

/** An error of the work queue: `message` says what was wrong and where, `code` what kind it is. */
export class WorkQueueError extends Error {
  readonly code: ErrorCode;
  /** What a publisher had done by then; only in what `publishTasks` rejects with once it had begun. */
  totals?: PublishTotals;
  /** In what a `Publisher` rejects one task with: true where it may be stored all the same, else it is not. */
  mayBeStored?: boolean;
  /** The queue that it is about, where what to do about it names the queue. */
  readonly queue: string | undefined;
  /** The URL, without its password, of the broker that refused; only where it was connected. */
  broker?: string;

  constructor(code: ErrorCode, message: string, cause?: unknown, queue?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "WorkQueueError";
    this.code = code;
    this.queue = queue;
  }

  /** Whether it ends the first connection at once, without further attempts for `waitMs`. */
  get endsFirstConnection(): boolean {
    return mistakes.has(this.code);
  }

  /** Whether it also ends a session that was connected. */
  get endsSession(): boolean {
    return lastingMistakes.has(this.code);
  }
}

/** The text of anything thrown; an AggregateError's own message is empty, so its reasons are joined. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return thrown.errors.map(reasonOf).join(", ");
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}

/** The `code` of anything thrown: Node's "ECONNREFUSED", AMQP's reply code 406, or undefined. */
export function codeOf(thrown: unknown): string | number | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  const { code } = thrown;
  return typeof code === "string" || typeof code === "number" ? code : undefined;
}
