import { publish } from "../queue/publisher.js";
import { type OpenChoice, offerAdminPage } from "./admin-offer.js";
import { adminPage } from "./admin-ui.js";
import { humanPublisher } from "./human-publisher.js";
import { makeReport, type QueueCommandOptions } from "./report.js";
import { onStopSignals, signalExitCode } from "./signals.js";
import { openTaskFile, type TaskSource } from "./task-file.js";
import type { Terminal } from "./terminal.js";

/** What `new-task` was asked to do. */
export interface NewTaskOptions extends QueueCommandOptions {
  /** The message, unless `file` is given. */
  message: string;
  file: string | undefined;
  ttlMs: number | undefined;
  persistent: boolean;
  confirmTimeoutMs: number;
  open: OpenChoice;
  adminUrl: string | undefined;
}

/** Publishes the message or the file's tasks, tells how it went, offers the admin UI; returns the exit code. */
export async function newTask(options: NewTaskOptions, terminal: Terminal): Promise<number> {
  const { file, json, url, queue } = options;
  const stop = new AbortController();
  const source = await taskSource(options, terminal, stop.signal);
  const report = makeReport(options, terminal, humanPublisher(terminal, file !== undefined));
  let left: number | undefined;
  const stopListening = onStopSignals(process, {
    first: () => {
      terminal.stderr.write("Stopping: waiting for the confirms still due. Ctrl-C again leaves at once.\n");
      stop.abort();
    },
    // The one place where a publisher is cut off: it was asked for twice.
    second: (signal) => process.exit(signalExitCode(signal)),
  });
  try {
    const totals = await publish(source.bodies, { ...options, report, signal: stop.signal });
    left = totals.unroutable + totals.unconfirmed;
  } finally {
    stopListening();
    await source.close();
  }

  // stdout is for events alone with --json, and nobody is asked then.
  const choice = json && options.open === "ask" ? "no" : options.open;
  const write = (line: string) => (json ? terminal.stderr : terminal.stdout).write(`${line}\n`);
  await offerAdminPage(adminPage(url, queue, options.adminUrl), choice, terminal, write);
  return left === 0 ? 0 : 1;
}

async function taskSource(
  { file, message }: NewTaskOptions,
  { stdin }: Terminal,
  signal: AbortSignal,
): Promise<TaskSource> {
  if (file !== undefined) return openTaskFile(file, stdin, signal);
  async function* one() {
    yield Buffer.from(message);
  }
  return { bodies: one(), close: async () => {} };
}
