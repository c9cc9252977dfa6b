import { queueStatus, type StatusRequest } from "../engine/manage/queue-status.js";
import { connectionWarnings } from "../report/event-line.js";
import { jsonLine } from "../report/json.js";
import { type Room, statusLines } from "../report/status-lines.js";
import type { Terminal } from "../terminal/terminal.js";

/** What `task-queue status` was asked. */
export interface StatusOptions extends Omit<StatusRequest, "report"> {
  json: boolean;
}

/** Prints how the queue stands; returns the exit code. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<number> {
  const { output, colors } = terminal;
  const { status, broker } = await queueStatus({ ...options, report: connectionWarnings(terminal) });
  if (options.json) output.write(jsonLine(status));
  else for (const line of statusLines(status, broker, roomOf(terminal), colors.out)) output.out(line);
  return 0;
}

/** The terminal's width, any number of lines; without a terminal, any width. */
const roomOf = ({ stdout }: Terminal): Room => ({
  columns: stdout.isTTY === true && stdout.columns > 0 ? stdout.columns : Number.POSITIVE_INFINITY,
  rows: Number.POSITIVE_INFINITY,
});
