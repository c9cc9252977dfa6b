import type { ChalkInstance } from "chalk";
import { defaults } from "../engine/defaults.js";
import type { EngineEvent, Report, TaskReceived } from "../engine/events.js";
import type { Task } from "../engine/task.js";
import type { Output } from "../terminal/output.js";
import type { Colors, Terminal } from "../terminal/terminal.js";
import { durationText, inSeconds } from "../text/numbers.js";
import { printable, printableBody } from "../text/printable.js";

/** A line for a person: what happened goes to stdout, what went wrong to stderr. */
export interface Line {
  to: "out" | "err";
  text: string;
}

/** A task by its text, in quotes. */
const quoted = (task: Task): string => `'${printableBody(task.body)}'`;

/** ` [x]` and its like, as the tutorials print them. */
const done = (colors: ChalkInstance, text: string): Line => ({
  to: "out",
  text: ` ${colors.green("[x]")} ${text}`,
});
const note = (colors: ChalkInstance, text: string): Line => ({
  to: "out",
  text: ` ${colors.cyan("[*]")} ${text}`,
});
export const warning = (colors: ChalkInstance, text: string): Line => ({
  to: "err",
  text: ` ${colors.yellow("[!]")} ${text}`,
});

/** Prints what goes wrong with a connection, and what is done about it. */
export function connectionWarnings({ output, colors }: Terminal): Report {
  return (event) => printLine(output, eventLine(event, colors));
}

/** Writes a line to the stream it is for. */
export function printLine(output: Output, line: Line | undefined): void {
  if (line !== undefined) output[line.to](line.text);
}

/** The line of a worker with no task in hand. */
export const waitingLine = (colors: ChalkInstance): Line =>
  note(colors, "Waiting for messages. To exit press CTRL+C");

/**
 * The line printed for an event, or undefined for none.
 * @param named several tasks at a time: a Done line names its task, an error line its input line
 */
export function eventLine(event: EngineEvent, colors: Colors, named = false): Line | undefined {
  switch (event.event) {
    case "connection-lost":
      return warning(colors.err, `Connection lost: ${printable(event.reason)}${ackTimeout(event.reason)}`);
    case "reconnecting": {
      if (event.starting)
        return event.attempt > 1 ? undefined : warning(colors.err, startingText(event.broker));
      const inTime = `Reconnecting in ${inSeconds(event.delayMs / 1000)} (attempt ${event.attempt}).`;
      // Without a delay it is the next one of several addresses.
      const next = event.delayMs > 0 ? inTime : `Trying ${printable(event.broker)}.`;
      return warning(colors.err, `${printable(event.reason)} ${next}`);
    }
    case "blocked":
      return warning(
        colors.err,
        `The broker accepts no tasks for now: ${printable(event.reason)}. Waiting; Ctrl-C stops.`,
      );
    case "unblocked":
      return warning(colors.err, "The broker accepts tasks again.");
    case "queue-declared": {
      if (event.created && event.type === null && event.queue === defaults.queue)
        return note(colors.out, untyped);
      if (!event.adopted) return undefined;
      const kind =
        event.type === null
          ? "with other properties, or not this user's to declare"
          : `as a ${event.type} queue`;
      return note(
        colors.out,
        `Queue '${printable(event.queue)}' exists already, ${kind}; using it as it is.`,
      );
    }
    case "consuming":
      return waitingLine(colors.out);
    case "nacked":
      return warning(
        colors.err,
        "The broker nacks tasks: its queue is full, or has no leader now. Waiting, and sending them again.",
      );
    case "task-confirmed":
      return done(colors.out, `Sent ${quoted(event.task)}`);
    case "task-unroutable":
    case "task-unconfirmed": {
      const what =
        event.event === "task-unroutable"
          ? "No queue took"
          : event.mayBeStored
            ? "Not confirmed:"
            : "Refused:";
      const where = named ? ` (line ${event.line.toLocaleString("en-US")})` : "";
      return warning(colors.err, `${what} ${quoted(event.task)}${where}: ${printable(event.reason)}`);
    }
    case "task-received":
      return done(colors.out, `Received ${quoted(event.task)}${colors.out.yellow(again(event))}`);
    case "task-done":
      return done(
        colors.out,
        `Done${named ? ` ${quoted(event.task)}` : ""} ${colors.out.dim(`(${inSeconds(event.seconds)})`)}`,
      );
    case "task-output": {
      const { task, stream, text } = event;
      const whose = named ? `${colors.out.dim(`'${printableBody(task.body, 40)}'`)} ` : "";
      return {
        to: stream === "stdout" ? "out" : "err",
        text: `   ${whose}| ${printable(text, LONGEST_OUTPUT)}`,
      };
    }
    case "task-failed": {
      // Without a delay the next event has the same reason: requeued, or a dead letter.
      if (event.retryInMs === null) return undefined;
      const again = `again in ${durationText(event.retryInMs)}`;
      return warning(
        colors.err,
        `Failed ${quoted(event.task)} (attempt ${event.attempt}, ${again}): ${reasonLine(event.reason)}`,
      );
    }
    case "task-dead":
      return warning(colors.err, `Dead letter ${quoted(event.task)}: ${reasonLine(event.reason)}`);
    case "task-aborted":
      return warning(colors.err, `Gave up ${quoted(event.task)}: ${printable(event.reason)}`);
    case "task-requeued":
      return warning(
        colors.err,
        `Requeued ${quoted(event.task)}: ${reasonLine(event.reason)}; another worker may have it`,
      );
    default:
      return undefined;
  }
}

/** Said of the tutorials' queue when it is new: the tutorials of several languages declare it as quorum. */
const untyped = `Queue '${defaults.queue}' is new, with the broker's default type. If that is classic, tutorials that declare it as quorum cannot use it: task-queue delete, then --queue-type quorum.`;
const startingText = (broker: string): string =>
  `RabbitMQ is starting at ${printable(broker)}: waiting for it, ${defaults.startingWaitMs / 1_000} s at most.`;

/** The longest line of a command that is printed, in characters: escaped, it may be longer than its bytes. */
const LONGEST_OUTPUT = 8 * 1024;

/** A reason in one line: of several lines, the end of a command's stderr say, the first and the last. */
export function reasonLine(reason: string): string {
  const lines = reason.trim().split(/\s*\n\s*/);
  const [first = "", last = ""] = [lines[0], lines.at(-1)];
  if (lines.length === 1) return printable(first);
  return printable(`${first}${first.endsWith(":") ? "" : " …"} ${last}`);
}

/** The setting behind an ack timeout, which the broker's text does not name (guide "Consumers"). */
function ackTimeout(reason: string): string {
  if (!/delivery acknowledgement.*timed out|task was held too long/.test(reason)) return "";
  return ". The setting is consumer_timeout, 30 min by default; from RabbitMQ 4.3 on also --consumer-timeout";
}

function again({ redelivered, deliveryCount = 0, acquiredCount = 0 }: TaskReceived): string {
  if (!redelivered) return "";
  // Since RabbitMQ 4.3 deliveryCount omits some returns; acquiredCount has them all.
  const before = Math.max(deliveryCount, acquiredCount);
  return before > 0 ? ` (redelivered, delivery ${before + 1})` : " (redelivered)";
}
