import type { Audience, Run } from "../lessons/harness/lesson-run.js";
import { eventLine } from "../report/event-line.js";
import { LiveLines } from "../terminal/redraw.js";
import type { Terminal } from "../terminal/terminal.js";
import { inSeconds } from "../text/numbers.js";
import { printable, printableBody } from "../text/printable.js";
import { drawTimelines, type Titled } from "../timeline/draw-text.js";
import { buildTimeline } from "../timeline/timeline.js";
import type { LessonEvent } from "../timeline/timeline-event.js";

/** Off a terminal, so many "Sent" lines of a run are written; a lesson may send thousands. */
const SENT_LINES = 12;

/** Shows a lesson while it goes on: its lanes, or where they cannot be redrawn a line for every event. */
export class LessonScreen implements Audience {
  readonly #terminal: Terminal;
  readonly #live: LiveLines;
  readonly #runs: Run[] = [];
  #drawing = false;
  #sent = 0;
  /** Columns of the longest speaker's name so far. */
  #widest = 9;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#live = new LiveLines(terminal, () => this.#frame());
  }

  begins(run: Run): void {
    this.#runs.push(run);
    this.#sent = 0;
    this.#drawing ||= this.#live.start();
    if (!this.#drawing && run.title !== "") this.#terminal.stdout.write(`\n${run.title}\n`);
  }

  hears(event: LessonEvent, speaker: string): void {
    if (this.#drawing) return;
    const name = printable(speaker);
    this.#widest = Math.max(this.#widest, name.length);
    const { stdout, outColors } = this.#terminal;
    if (event.event === "task-confirmed" && ++this.#sent > SENT_LINES + 1) return;
    const text =
      this.#sent > SENT_LINES && event.event === "task-confirmed"
        ? " ..."
        : (stageLine(event) ?? eventLine(event as never, { out: outColors, err: outColors })?.text);
    if (text !== undefined)
      stdout.write(`${outColors.bold(name.padEnd(this.#widest))} ${outColors.dim("│")}${text}\n`);
  }

  /** Ends the live lanes. */
  end(): void {
    this.#live.stop();
    this.#drawing = false;
  }

  #frame(): string[] {
    const now = new Date();
    const { stdout, outColors } = this.#terminal;
    const last = this.#runs.at(-1);
    const all = this.#runs.map(
      (run): Titled => ({
        title: run.title,
        timeline: buildTimeline(run.events, run === last ? now : undefined),
      }),
    );
    // The scale grows in steps, so that the picture does not move all the time.
    let span = 5;
    while (all.some(({ timeline }) => timeline.elapsed > span)) span *= 2;
    const ran = all.at(-1)?.timeline.elapsed ?? 0;
    return [
      ...drawTimelines(all, stdout.columns, outColors, span),
      outColors.dim(` ${inSeconds(ran)} ... Ctrl-C ends it and clears up.`),
    ];
  }
}

/** What is said of what was done to somebody; undefined where it is no such event. */
function stageLine(event: LessonEvent): string | undefined {
  switch (event.event) {
    case "worker-killed":
      return " [!] Killed (kill -9)";
    case "broker-killed":
      return " [!] Killed (kill -9), and started again";
    case "broker-back":
      return " [*] Back";
    case "task-lost":
      return ` [!] Lost '${printableBody(event.task.body)}'`;
    case "batch-begun":
      return " [*] Sending";
    case "batch-ended":
      return ` [${event.whole ? "*" : "!"}] ${printable(event.label)}`;
    default:
      return undefined;
  }
}
