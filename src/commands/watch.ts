import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { reasonOf } from "../engine/errors.js";
import type { QueueStatus } from "../engine/manage/queue-status.js";
import { watchQueue } from "../engine/manage/watch.js";
import { eventLine, warning } from "../report/event-line.js";
import { jsonLine } from "../report/json.js";
import { notice, statusLines } from "../report/status-lines.js";
import { Redraw } from "../terminal/redraw.js";
import type { Terminal } from "../terminal/terminal.js";
import { printable } from "../text/printable.js";
import { onStopSignals } from "./signals.js";
import type { StatusOptions } from "./status.js";

/**
 * Prints the queue's status once a second, until a signal or until its reader is gone; returns the exit code. Before
 * the first status it fails as `status` does; later it reconnects forever.
 */
export async function watchStatus(options: StatusOptions, terminal: Terminal): Promise<number> {
  const { stdout, output, colors } = terminal;
  const redraw = new Redraw(terminal, "first");
  const stop = new AbortController();
  let last: { status: QueueStatus; broker: BrokerUrl } | undefined;
  /** A ` [!]` line: why `last` is out of date. */
  let trouble: string | undefined;

  const draw = () => {
    if (last === undefined) return;
    const { status, broker } = last;
    const { columns } = redraw;
    const time = `  As of ${status.at.toLocaleTimeString("en-GB")}; every second, until Ctrl-C.`;
    const above = [colors.out.dim(time), ...(trouble === undefined ? [] : notice(trouble, columns))];
    const room = { columns, rows: redraw.rows - above.length };
    const [title = "", ...rest] = statusLines(status, broker, room, colors.out);
    redraw.draw([title, ...above, ...rest]);
  };
  const warn = (line: string | undefined) => {
    if (line === undefined || line === trouble) return; // once, not once a second
    trouble = line;
    if (redraw.enabled && !options.json && last !== undefined) draw();
    else output.err(line);
  };
  const stopListening = onStopSignals(process, { first: () => stop.abort(), second: () => {} });
  stdout.on("error", () => stop.abort()); // `task-queue status --watch | head`
  stdout.on("resize", () => {
    redraw.clear();
    if (!options.json) draw();
  });
  try {
    await watchQueue({
      ...options,
      signal: stop.signal,
      report: (event) => warn(eventLine(event, colors)?.text),
      onStatus: (status, broker) => {
        last = { status, broker };
        trouble = undefined;
        if (options.json) output.write(jsonLine(status));
        else draw();
      },
      onMiss: (error) => warn(warning(colors.err, printable(reasonOf(error), 400)).text),
    });
  } finally {
    stopListening();
  }
  return 0;
}
