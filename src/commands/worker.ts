import { Consumer } from "../engine/consume/consumer.js";
import { codeOf } from "../engine/errors.js";
import type { Retry } from "../engine/retry/retries.js";
import { reasonLine } from "../report/event-line.js";
import { makeReport, type QueueCommandOptions } from "../report/report.js";
import { workerLines } from "../report/worker-lines.js";
import type { Terminal } from "../terminal/terminal.js";
import { workDots } from "../work/dots.js";
import { onStopSignals, signalExitCode } from "./signals.js";

/** What `worker` was asked to do. */
export interface WorkerOptions extends QueueCommandOptions {
  concurrency: number;
  prefetch: number;
  /** Work per dot, in ms; unless there is a command. */
  dotMs: number;
  command: WorkerCommand | undefined;
  autoAck: boolean;
  consumerTimeoutMs: number | undefined;
  maxTasks: number | undefined;
  exitWhenEmpty: boolean;
  /** How long a graceful stop may take before what is in hand is requeued, in ms. */
  graceMs: number | undefined;
}

/** A command that does the tasks in the dots' place. */
export interface WorkerCommand {
  /** The program and its arguments. */
  words: readonly [string, ...string[]];
  timeoutMs: number | undefined;
  killAfterMs: number;
  deadOn: ReadonlySet<number>;
  retry: Retry;
}

/** Works tasks until it is stopped; returns the exit code. @throws WorkQueueError COMMAND, and as a Consumer does */
export async function worker(options: WorkerOptions, terminal: Terminal): Promise<number> {
  const { command, concurrency, dotMs, queue, name, maxTasks, exitWhenEmpty } = options;
  const { output, env } = terminal;
  const retry = command?.retry ?? []; // dots never fail
  const lines = workerLines(terminal, {
    ...options,
    several: concurrency > 1,
    byCommand: command !== undefined,
    retry,
  });
  const report = makeReport(options, terminal, lines);
  let exitCode = 0;
  let grace: NodeJS.Timeout | undefined;
  const unusable = (reason: string) => {
    exitCode ||= 1;
    output.err(`Error: The command cannot be run: ${reasonLine(reason)}. Its task goes back to the queue.`);
    consumer.stop("the command cannot be run");
  };
  // Loaded for a command alone: most workers of the tutorial have none.
  const commands =
    command &&
    (await (
      await import("../work/command.js")
    ).CommandWork.prepare({
      ...command,
      ...{ queue, name, env, report, unusable },
      written: writtenTo(terminal),
    }));
  const handler = commands?.handler ?? workDots(dotMs);
  const consumer = new Consumer({ ...options, retry, report, handler });

  const leave = (reason: string, code: number) => {
    exitCode = code;
    consumer.stopNow(reason);
  };
  const stopListening = onStopSignals(process, {
    first: (signal) => {
      const { graceMs } = options;
      if (graceMs !== undefined)
        grace = setTimeout(() => leave("the grace time is over", signalExitCode(signal)), graceMs);
      consumer.stop(signal);
    },
    second: (signal) => leave(`second ${signal}`, signalExitCode(signal)),
  });
  // `worker | head`: the reader of the output is gone, so it stops as on a first Ctrl-C. So it does on a full disk.
  terminal.stdout.on("error", (error) =>
    consumer.stop(
      codeOf(error) === "EPIPE" ? "the output has no reader any more" : "its output cannot be written",
    ),
  );
  try {
    const { dead } = await consumer.finished;
    if (dead > 0 && (exitWhenEmpty || maxTasks !== undefined)) exitCode ||= 1;
  } finally {
    clearTimeout(grace);
    await commands?.ended();
    stopListening();
  }
  return exitCode;
}

/** Waits for stdout where it has more than it takes at once, or can take nothing any more. */
function writtenTo({ stdout }: Terminal): () => Promise<void> | undefined {
  let waiting: Promise<void> | undefined;
  return () => {
    if (!stdout.writableNeedDrain || stdout.errored !== null) return undefined;
    waiting ??= new Promise<void>((resolve) => {
      const events = ["drain", "error", "close"];
      const end = () => {
        for (const event of events) stdout.off(event, end);
        waiting = undefined;
        resolve();
      };
      for (const event of events) stdout.on(event, end);
    });
    return waiting;
  };
}
