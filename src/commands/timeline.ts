import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { TextDecoder } from "node:util";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";
import type { WorkQueueEvent } from "../engine/events.js";
import { warning } from "../report/event-line.js";
import type { Terminal } from "../terminal/terminal.js";
import { count, inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { drawSvg } from "../timeline/draw-svg.js";
import { drawTimelines } from "../timeline/draw-text.js";
import { readEvent } from "../timeline/event-log.js";
import { countEnds } from "../timeline/marks.js";
import { buildTimeline } from "../timeline/timeline.js";
import { checkSvg, writeSvg } from "./svg-file.js";

/** What was read from the logs. */
interface Read {
  /** Those in `drawnEvents`. */
  events: WorkQueueEvent[];
  confirmed: number;
  /** Lines that are no event. */
  unreadable: number;
}

/** Draws the logs of workers; returns the exit code. @throws WorkQueueError INPUT */
export async function timeline(
  { logs, svg }: { logs: readonly string[]; svg: string | undefined },
  terminal: Terminal,
): Promise<number> {
  if (svg !== undefined) await checkSvg(svg);
  const read: Read = { events: [], confirmed: 0, unreadable: 0 };
  for (const path of logs) await readLog(path, terminal.stdin, read);
  const { events, confirmed, unreadable } = read;
  const { stdout, output, colors } = terminal;
  if (unreadable > 0)
    output.err(warning(colors.err, `${count(unreadable, "line")} skipped: not from --json.`).text);
  if (!events.some(({ event }) => event === "task-received")) {
    const sent =
      confirmed > 0 ? ` What became of the ${count(confirmed, "task")} sent is in the workers' logs.` : "";
    throw new WorkQueueError(
      "INPUT",
      `No worker received a task in ${logs.map((path) => `"${path}"`).join(", ")}.${sent} Logs are made with worker --json > worker.log.`,
    );
  }
  const drawn = buildTimeline(events);
  for (const line of drawTimelines([{ title: "", timeline: drawn }], stdout.columns || 80, colors.out))
    output.out(line);
  output.out("");
  for (const { name, bars } of drawn.lanes) output.out(`${printable(name)}: ${countEnds(bars)}`);
  const sent = confirmed > 0 ? `${count(confirmed, "task")} sent and confirmed. ` : "";
  output.out(`${sent}${inSeconds(drawn.worked)} of work in ${inSeconds(drawn.elapsed)}.`);
  if (svg !== undefined) await writeSvg(svg, drawSvg("Who did what when", [{ title: "", timeline: drawn }]));
  return 0;
}

/** The events that a timeline uses; others would only take memory. */
const drawnEvents = new Set<string>([
  ...["connected", "consuming", "connection-lost"],
  ...["task-received", "task-progress", "task-done", "task-failed", "task-dead"],
  ...["task-aborted", "task-requeued"],
]);

async function readLog(path: string, stdin: Readable, read: Read): Promise<void> {
  try {
    const input = path === "-" ? stdin : (await open(path)).createReadStream();
    for await (const line of createInterface({
      input: Readable.from(decoded(input)),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      if (line.trim() === "") continue;
      const event = readEvent(line);
      if (event === undefined) read.unreadable++;
      else if (event.event === "task-confirmed") read.confirmed++;
      else if (drawnEvents.has(event.event)) read.events.push(event);
    }
  } catch (error) {
    const reason = codeOf(error) === "ENOENT" ? "no such file" : reasonOf(error);
    throw new WorkQueueError("INPUT", `Cannot read "${path}": ${reason}.`, error);
  }
}

/** Windows PowerShell writes `worker --json > log` as UTF-16 with a byte order mark, which no UTF-8 begins with. */
async function* decoded(bytes: AsyncIterable<Buffer>): AsyncIterable<string> {
  let decoder: TextDecoder | undefined; // takes a byte order mark away, in UTF-8 too
  for await (const chunk of bytes) {
    decoder ??= new TextDecoder(chunk[0] === 0xff ? "utf-16le" : "utf-8");
    yield decoder.decode(chunk, { stream: true });
  }
}
