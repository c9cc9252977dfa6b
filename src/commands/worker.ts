import { Consumer } from "../engine/consume/consumer.js";
import { codeOf } from "../engine/errors.js";
import { makeReport, type QueueCommandOptions } from "../report/report.js";
import { workerLines } from "../report/worker-lines.js";
import type { Terminal } from "../terminal/terminal.js";
import { workDots } from "../work/dots.js";
import { onStopSignals, signalExitCode } from "./signals.js";

/** What `worker` was asked to do. */
export interface WorkerOptions extends QueueCommandOptions {
  concurrency: number;
  prefetch: number;
  dotMs: number;
  autoAck: boolean;
  consumerTimeoutMs: number | undefined;
  maxTasks: number | undefined;
  exitWhenEmpty: boolean;
  /** How long a graceful stop may take before what is in hand is requeued, in ms. */
  graceMs: number | undefined;
}

/** Works tasks until it is stopped; returns the exit code. */
export async function worker(options: WorkerOptions, terminal: Terminal): Promise<number> {
  const lines = workerLines(terminal, { ...options, several: options.concurrency > 1 });
  const report = makeReport(options, terminal, lines);
  const consumer = new Consumer({ ...options, report, handler: workDots(options.dotMs) });
  let exitCode = 0;
  let grace: NodeJS.Timeout | undefined;

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
    await consumer.finished;
  } finally {
    clearTimeout(grace);
    stopListening();
  }
  return exitCode;
}
