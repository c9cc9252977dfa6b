import { codeOf, type ErrorCode, reasonOf, WorkQueueError } from "../queue/errors.js";
import { printable } from "./printable.js";

/** What to do about each kind of error. An empty remedy: the message says it all. */
const remedies: Record<ErrorCode, string> = {
  USAGE: "",
  BAD_URL:
    "It reads amqp://user:password@host:5672/vhost, with special characters percent-encoded (# is %23).",
  UNREACHABLE:
    "Is RabbitMQ running? `docker compose up -d --wait` starts one, so does `task-queue broker`; --url names another, --wait 30s waits for it.",
  HOST_UNKNOWN: "Check the host in --url (or AMQP_URL).",
  CONNECT_TIMEOUT: "Check host and port in --url (or AMQP_URL): AMQP is port 5672, with TLS 5671.",
  NOT_AMQP: "Point --url (or AMQP_URL) at the AMQP port: 5672, or with TLS amqps:// and 5671.",
  TLS: "amqps:// wants a TLS listener (5671) with a certificate this machine trusts; amqp:// is without TLS.",
  ACCESS_REFUSED:
    "Check user and password in --url (or AMQP_URL). On a RabbitMQ installed natively, guest may log in from the same machine only.",
  VHOST_REFUSED:
    "The virtual host is the part of the URL behind host:port/; `rabbitmqctl list_vhosts` lists them. Without it, it is /. A limit on its connections reads the same.",
  QUEUE_MISMATCH: "Use another queue (--queue other), or delete this one in the admin UI if nobody needs it.",
  QUEUE_REFUSED: "Try another queue (--queue other), or ask whoever runs the broker for the permission.",
  QUEUE_UNAVAILABLE: "The cluster node that holds it may be down; --wait 1m keeps trying.",
  PUBLISH_REFUSED: "The broker says why; what was not confirmed may have to be sent again.",
  CONFIRM_TIMEOUT:
    "Not confirmed means it may or may not be stored. Is the broker out of memory or disk? --confirm-timeout waits longer.",
  CONNECTION_LOST: "",
  INTERRUPTED: "",
  INPUT: "",
  BROKER_START: "",
};

/** Exit code of a command that ended with this error: 2 where the user's words were wrong, else 1. */
export function exitCodeOf(thrown: unknown): 1 | 2 {
  const code = codeOf(thrown);
  return code === "USAGE" || code === "BAD_URL" ? 2 : 1;
}

/** The one or two lines that tell of an error: what and where, then what to do. A stack only with DEBUG. */
export function errorLines(thrown: unknown, debug: boolean): string[] {
  const lines = [`Error: ${printable(reasonOf(thrown), 400)}`];
  if (thrown instanceof WorkQueueError && remedies[thrown.code] !== "") lines.push(remedies[thrown.code]);
  if (debug && thrown instanceof Error) {
    for (const line of (thrown.stack ?? "").split("\n").slice(1)) lines.push(printable(line));
  }
  return lines;
}
