import { codeOf, type ErrorCode, reasonOf, WorkQueueError } from "../engine/errors.js";
import type { ErrorEvent } from "../engine/events.js";
import { printable } from "../text/printable.js";
import { shellWord } from "../text/shell-word.js";

/** What to do about each kind of error. An empty remedy: the message says it all. */
const remedies: Record<ErrorCode, string | ((error: WorkQueueError) => string)> = {
  USAGE: "",
  BAD_URL:
    "It reads amqp://user:password@host:5672/vhost, with special characters percent-encoded (# is %23).",
  UNREACHABLE:
    "Is RabbitMQ running? `docker compose up -d --wait` starts one, so does `task-queue broker`; --url names another, --wait 30s waits for it.",
  HOST_UNKNOWN: "Check the host in --url (or AMQP_URL).",
  CONNECT_TIMEOUT: "Check host and port in --url (or AMQP_URL): AMQP is port 5672, with TLS 5671.",
  NOT_AMQP: "Point --url (or AMQP_URL) at the AMQP port: 5672, or with TLS amqps:// and 5671.",
  TLS: "amqps:// needs a TLS listener (5671) with a certificate this machine trusts and that names this host; --ca names another authority, --cert and --key are this client's own. amqp:// is without TLS.",
  ACCESS_REFUSED:
    "Check user and password in --url (or AMQP_URL, --password-file, --ask-password). On a RabbitMQ installed natively, guest may log in from the same machine only.",
  VHOST_REFUSED:
    "The virtual host is the part of the URL after host:port/; `rabbitmqctl list_vhosts` lists them. Without it, it is /. A limit on its connections reads the same.",
  QUEUE_MISMATCH: ({ queue, broker }) => {
    // In full: what a variable or a default would add may be another queue.
    const which = [broker && ` --url ${shellWord(broker)}`, queue && ` -q ${shellWord(queue)}`].join("");
    return `Use another queue (--queue other), or delete this one if it is not needed: task-queue delete${which}`;
  },
  QUEUE_REFUSED: "Try another queue (--queue other), or ask the broker's administrator for the permission.",
  QUEUE_UNAVAILABLE:
    "--wait 1m keeps trying: until the cluster node that holds it is up, or the client that has it alone has left. Or use another queue (--queue other).",
  QUEUE_MISSING:
    "Check --queue (or TASK_QUEUE) and the virtual host in --url. new-task and worker create the queue.",
  QUEUE_KEPT:
    "`task-queue status` shows its state; without --if-empty and --if-unused it is deleted with all it holds.",
  CONSUME_REFUSED:
    "Without --consumer-timeout it works: there, a classic queue has no ack timeout. Or use a quorum queue: --queue other --queue-type quorum.",
  PUBLISH_REFUSED:
    "The broker says why, a missing permission to write for instance; what was not confirmed has to be sent again.",
  UNROUTABLE: "",
  CONFIRM_TIMEOUT:
    "Not confirmed means it may or may not be stored. Is the broker there, and has it memory and disk? --confirm-timeout waits longer.",
  NACKED:
    "The queue may be full (x-max-length with x-overflow reject-publish): start workers, or send the rest later. Or its cluster has lost too many nodes.",
  CONNECTION_LOST: "",
  INTERRUPTED: "",
  COMMAND:
    "A program is looked up in PATH or, where its name has a slash, at that path; `chmod +x` makes it executable. No task was taken.",
  INPUT: "",
  BROKER_START: "",
  BROKER_ENDED: "",
};

/** Exit code of a command that ended with this error: 2 for wrong usage, else 1. */
export function exitCodeOf(thrown: unknown): 1 | 2 {
  const code = codeOf(thrown);
  return code === "USAGE" || code === "BAD_URL" ? 2 : 1;
}

/** What to do about an error; empty where its message says it all, or where it is not one of ours. */
function remedyOf(thrown: unknown): string {
  if (!(thrown instanceof WorkQueueError)) return "";
  const remedy = remedies[thrown.code];
  return typeof remedy === "string" ? remedy : remedy(thrown);
}

/** The lines of an error: what and where, a broker's log, then what to do. A stack only with DEBUG. */
export function errorLines(thrown: unknown, debug: boolean): string[] {
  const [first = "", ...log] = messageLines(thrown);
  const lines = [`Error: ${printable(first, 400)}`, ...log.map((line) => `  ${printable(line, 400)}`)];
  const remedy = remedyOf(thrown);
  if (remedy !== "") lines.push(remedy);
  if (debug && thrown instanceof Error) {
    const { stack = "", message } = thrown;
    // The stack begins with the message, which may have lines of its own.
    const calls = stack.slice(stack.indexOf(message) + message.length);
    for (const line of calls.split("\n").slice(1)) lines.push(printable(line));
  }
  return lines;
}

/** The same as an event. */
export const errorEvent = (thrown: unknown, name: string): ErrorEvent => ({
  event: "error",
  at: new Date(),
  name,
  code: thrown instanceof WorkQueueError ? thrown.code : null,
  message: printable(reasonOf(thrown), 400),
  remedy: remedyOf(thrown) || null,
});

/** Only messages with a private broker's log have lines of their own; others may hold any text of a server's. */
function messageLines(thrown: unknown): string[] {
  const hasLog = thrown instanceof WorkQueueError && /^BROKER_/.test(thrown.code);
  return hasLog ? thrown.message.split("\n") : [reasonOf(thrown)];
}
