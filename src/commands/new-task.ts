import type { Report } from "../engine/events.js";
import { publish } from "../engine/publish/publisher.js";
import { publisherLines } from "../report/publisher-lines.js";
import { makeReport, type QueueCommandOptions } from "../report/report.js";
import type { Terminal } from "../terminal/terminal.js";
import { type OpenChoice, offerAdminPage } from "./admin.js";
import { adminPage, parseAdminUrl } from "./admin-url.js";
import { onStopSignals, signalExitCode } from "./signals.js";
import { openTaskFile, type TaskSource } from "./task-file.js";

/** What `new-task` was asked to do. */
export interface NewTaskOptions extends QueueCommandOptions {
  /** The message, unless `file` is given. */
  message: string;
  file: string | undefined;
  /** The first line of the file to be published. */
  fromLine: number;
  ttlMs: number | undefined;
  persistent: boolean;
  confirmTimeoutMs: number;
  open: OpenChoice;
  adminUrl: string | undefined;
}

/** Publishes the message or the file's tasks, prints how it went, offers the admin UI; returns the exit code. */
export async function newTask(options: NewTaskOptions, terminal: Terminal): Promise<number> {
  const { file, json, urls, queue } = options;
  const { output } = terminal;
  const adminUrl = parseAdminUrl(options.adminUrl);
  const stop = new AbortController();
  const source = await taskSource(options, terminal, stop.signal);
  let connectedTo = urls[0];
  const lines = publisherLines(terminal, { ...options, expected: () => source.expected() });
  const print = makeReport(options, terminal, lines);
  const report: Report = (event) => {
    if (event.event === "connected") connectedTo = urls.find((url) => url.toString() === event.broker);
    print(event);
  };
  const leave = new AbortController();
  let leftBy: NodeJS.Signals | undefined;
  let failed = 0;
  const stopListening = onStopSignals(process, {
    first: () => {
      output.err("Stopping: no further task is sent. Ctrl-C again leaves at once.");
      stop.abort();
    },
    second: (signal) => {
      leftBy = signal;
      leave.abort();
    },
  });
  try {
    const { signal } = stop;
    const totals = await publish(source.inputs, { ...options, report, signal, leave: leave.signal });
    failed = totals.unroutable + totals.refused + totals.unconfirmed;
  } catch (error) {
    if (leftBy === undefined) throw error;
    return signalExitCode(leftBy);
  } finally {
    await source.close();
  }
  stopListening(); // from here on a signal ends it: its work is done, only the question is left

  // No question where stdout is for events alone, or where the input is used up.
  const choice = options.open === "ask" && (json || file === "-") ? "no" : options.open;
  const write = (line: string) => (json ? output.err(line) : output.out(line));
  if (connectedTo !== undefined)
    await offerAdminPage(adminPage(connectedTo, queue, adminUrl), choice, terminal, write);
  return failed === 0 ? 0 : 1;
}

async function taskSource(
  { file, fromLine, message }: NewTaskOptions,
  { stdin, output }: Terminal,
  signal: AbortSignal,
): Promise<TaskSource> {
  if (file === "-" && stdin.isTTY) output.err("Reading tasks from the terminal, one per line; Ctrl-D ends.");
  if (file !== undefined) return openTaskFile(file, stdin, signal, fromLine);
  async function* one() {
    yield [{ body: Buffer.from(message), line: 1 }];
  }
  return { inputs: one(), expected: () => 1, close: async () => {} };
}
