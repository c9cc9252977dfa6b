import type { ChalkInstance } from "chalk";
import type { EngineEvent } from "../queue/events.js";
import type { Task } from "../queue/task.js";
import { printable, printableBody } from "./printable.js";

/** A line for a person: what happened goes to stdout, what went wrong to stderr. */
export interface Line {
  to: "out" | "err";
  text: string;
}

/** `1 task`, `12,345 tasks`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

/** `2.0 s`. */
export const inSeconds = (seconds: number): string => `${seconds.toFixed(1)} s`;

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
const warning = (colors: ChalkInstance, text: string): Line => ({
  to: "err",
  text: ` ${colors.yellow("[!]")} ${text}`,
});

/** What a worker with nothing in hand says. */
export const waitingLine = (colors: ChalkInstance): Line =>
  note(colors, "Waiting for messages. To exit press CTRL+C");

/**
 * What a person reads of an event, or undefined where that is nothing.
 * @param named name the task in its Done line, because several are worked at a time
 */
export function eventLine(
  event: EngineEvent,
  colors: { out: ChalkInstance; err: ChalkInstance },
  named = false,
): Line | undefined {
  switch (event.event) {
    case "connection-lost":
      return warning(colors.err, `Connection lost: ${printable(event.reason)}`);
    case "reconnecting": {
      const next = `Reconnecting in ${inSeconds(event.delayMs / 1000)} (attempt ${event.attempt}).`;
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
      if (!event.adopted) return undefined;
      const kind = event.type === null ? "with other properties" : `as a ${event.type} queue`;
      return note(
        colors.out,
        `Queue '${printable(event.queue)}' exists already, ${kind}; using it as it is.`,
      );
    }
    case "consuming":
      return waitingLine(colors.out);
    case "task-confirmed":
      return done(colors.out, `Sent ${quoted(event.task)}`);
    case "task-unroutable":
      return warning(colors.err, `No queue took ${quoted(event.task)}: ${printable(event.reason)}`);
    case "task-unconfirmed":
      return warning(colors.err, `Not confirmed: ${quoted(event.task)}: ${printable(event.reason)}`);
    case "task-received":
      return done(colors.out, `Received ${quoted(event.task)}${colors.out.yellow(again(event))}`);
    case "task-done":
      return done(
        colors.out,
        `Done${named ? ` ${quoted(event.task)}` : ""} ${colors.out.dim(`(${inSeconds(event.seconds)})`)}`,
      );
    case "task-aborted":
      return warning(colors.err, `Gave up ${quoted(event.task)}: ${printable(event.reason)}`);
    case "task-requeued":
      return warning(
        colors.err,
        `Handed back ${quoted(event.task)}: ${printable(event.reason)}; another worker may have it`,
      );
    default:
      return undefined;
  }
}

function again({ redelivered, deliveryCount }: { redelivered: boolean; deliveryCount?: number }): string {
  if (!redelivered) return "";
  return deliveryCount === undefined ? " (redelivered)" : ` (redelivered, delivery ${deliveryCount + 1})`;
}
