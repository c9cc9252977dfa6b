import type { EngineEvent, Report, WorkTotals } from "../engine/events.js";
import type { Retry } from "../engine/retry/retries.js";
import type { Task } from "../engine/task.js";
import { ProgressLine } from "../terminal/progress-line.js";
import type { Terminal } from "../terminal/terminal.js";
import { count, inSeconds } from "../text/numbers.js";
import { printableBody } from "../text/printable.js";
import { eventLine, printLine, waitingLine, warning } from "./event-line.js";
import { lengthLine, returnsLine, timeoutLine } from "./task-warnings.js";

/** Idle time before "Waiting" is printed again, in ms. */
const IDLE_MS = 250;

/** How often the time a command takes is drawn, in ms. */
const CLOCK_MS = 1_000;

/** Up to this many dots are drawn one by one. */
const DRAWN_DOTS = 20;

/**
 * Prints a worker's events as lines of text.
 * @param options `several`: it works more than one task at a time; `byCommand`: with a command, so that dots mean
 * nothing; `autoAck`: what it holds cannot be requeued; `dotMs`: the work per dot; `consumerTimeoutMs`: how long the
 * broker was asked to wait for an ack
 */
export function workerLines(
  terminal: Terminal,
  options: {
    several: boolean;
    byCommand: boolean;
    retry: Retry;
    autoAck: boolean;
    dotMs: number;
    consumerTimeoutMs: number | undefined;
  },
): Report {
  const { several, byCommand, retry, autoAck, dotMs, consumerTimeoutMs } = options;
  const { output, colors } = terminal;
  const progress = new ProgressLine(terminal);
  const inHand = new Map<Task, InHand>();
  let clock: NodeJS.Timeout | undefined;
  let waiting: NodeJS.Timeout | undefined;
  let draining = false;
  let began = false;
  let broker = { product: "", version: "" };

  const warn = (text: string | undefined) => {
    if (text !== undefined) output.err(warning(colors.err, text).text);
  };
  const track = (event: EngineEvent) => {
    if (event.event === "task-output") return;
    if (event.event === "task-received")
      inHand.set(event.task, { dotsDone: 0, startedAt: performance.now() });
    else if (event.event === "task-progress") {
      const task = inHand.get(event.task);
      if (task !== undefined) task.dotsDone = event.dotsDone;
    } else if ("task" in event) inHand.delete(event.task);
    show();
  };
  const show = () => {
    if (!progress.enabled) return;
    progress.show(workingOn(inHand, byCommand));
    if (byCommand && inHand.size > 0) clock ??= setInterval(show, CLOCK_MS).unref();
    else {
      clearInterval(clock);
      clock = undefined;
    }
  };
  return (event) => {
    if (waiting !== undefined) clearTimeout(waiting);
    waiting = undefined;
    printLine(output, eventLine(event, colors, several));
    if ("task" in event) track(event);
    if (event.event === "consuming") began = true;
    if (event.event === "connected") {
      broker = event;
      if (consumerTimeoutMs !== undefined) warn(timeoutLine(event));
    }
    if (event.event === "task-received") {
      warn(returnsLine(event.task, event.deliveryCount ?? 0, broker, retry));
      if (!autoAck && !byCommand) warn(lengthLine(event.task, dotMs, consumerTimeoutMs));
    }
    if (endsTask.has(event.event) && inHand.size === 0 && !draining) {
      waiting = setTimeout(() => printLine(output, waitingLine(colors.out)), IDLE_MS).unref();
    }
    if (event.event === "stopping") {
      draining = true;
      output.out(` ${colors.out.cyan("[*]")} ${stopping(event.reason, event.inHand, autoAck)}`);
    }
    if (event.event === "stopped" && "done" in event) {
      progress.show(undefined);
      // An error kept it from starting, and says why.
      if (began || draining) output.out(` ${colors.out.cyan("[*]")} ${stopped(event)}`);
    }
  };
}

/** The events after which a worker is idle again. */
const endsTask = new Set<EngineEvent["event"]>(["task-done", "task-failed", "task-dead"]);

interface InHand {
  dotsDone: number;
  /** By performance.now(). */
  startedAt: number;
}

/** The progress line: the running task and its dots, or the time its command takes. */
function workingOn(inHand: ReadonlyMap<Task, InHand>, byCommand: boolean): string | undefined {
  const [first] = inHand;
  if (first === undefined) return undefined;
  const [task, { dotsDone, startedAt }] = first; // the one that runs longest
  const seconds = `${Math.floor((performance.now() - startedAt) / 1_000)} s`;
  if (inHand.size > 1) return `${count(inHand.size, "task")} in hand${byCommand ? `, ${seconds}` : ""}`;
  if (byCommand) return `${seconds} ${printableBody(task.body, 40)}`;
  const { dots } = task;
  const drawn =
    dots > DRAWN_DOTS
      ? `${dotsDone.toLocaleString("en-US")} of ${count(dots, "dot")}`
      : "●".repeat(dotsDone) + "○".repeat(dots - dotsDone);
  return `${drawn} ${printableBody(task.body, 40)}`;
}

function stopping(reason: string, inHand: number, autoAck: boolean): string {
  if (inHand === 0) return `Stopping (${reason}).`;
  const them = inHand === 1 ? "it" : "them";
  const again = autoAck ? `leaves at once, and loses ${them}` : `requeues ${them} and leaves at once`;
  return `Stopping (${reason}): finishing ${count(inHand, "task")} in hand. Ctrl-C again ${again}.`;
}

function stopped({ done, secondsWorked, failed, dead, requeued, aborted }: WorkTotals): string {
  const parts = [`${count(done, "task")} done`, `${inSeconds(secondsWorked)} of work`];
  if (failed > 0) parts.push(`${count(failed, "failed attempt")}`);
  if (dead > 0) parts.push(`${count(dead, "dead letter")} (task-queue dead)`);
  if (requeued > 0) parts.push(`${count(requeued, "task")} requeued`);
  if (aborted > 0) parts.push(`${count(aborted, "task")} given up`);
  return `Stopped: ${parts.join(", ")}.`;
}
