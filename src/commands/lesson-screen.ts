import type { LessonObserver, Part } from "../lessons/harness/lesson-run.js";
import { eventLine } from "../report/event-line.js";
import { Redraw } from "../terminal/redraw.js";
import type { Terminal } from "../terminal/terminal.js";
import { inSeconds } from "../text/numbers.js";
import { printable, printableBody } from "../text/printable.js";
import { drawTimelines } from "../timeline/draw-text.js";
import { buildTimeline, type Titled } from "../timeline/timeline.js";
import type { TimelineEvent } from "../timeline/timeline-event.js";

/** The most "Sent" lines per run without a terminal; a lesson may send thousands. */
const SENT_LINES = 12;

/** How often the lanes are drawn anew, in ms. */
const EVERY_MS = 200;

/** Shows a running lesson: its lanes or, where they cannot be redrawn, a line for every event. */
export class LessonScreen implements LessonObserver {
  readonly #terminal: Terminal;
  readonly #redraw: Redraw;
  readonly #parts: Part[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  /** Columns of the longest name so far. */
  #widest = 9;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#redraw = new Redraw(terminal, "last");
  }

  onPart(part: Part): void {
    this.#parts.push(part);
    this.#sent = 0;
    if (this.#redraw.enabled) this.#timer ??= setInterval(() => this.#draw(), EVERY_MS).unref();
    else if (part.title !== "") this.#terminal.output.out(`\n${part.title}`);
  }

  onEvent(event: TimelineEvent, process: string): void {
    if (this.#redraw.enabled) return;
    const name = printable(process);
    this.#widest = Math.max(this.#widest, name.length);
    const { output, colors } = this.#terminal;
    if (event.event === "task-confirmed" && ++this.#sent > SENT_LINES + 1) return;
    const { out } = colors;
    const text =
      this.#sent > SENT_LINES && event.event === "task-confirmed"
        ? " ..."
        : (lessonLine(event) ?? eventLine(event as never, { out, err: out })?.text);
    if (text !== undefined) output.out(`${out.bold(name.padEnd(this.#widest))} ${out.dim("│")}${text}`);
  }

  /** Wipes the lanes; other output may follow. */
  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#redraw.wipe();
  }

  #draw(): void {
    this.#redraw.draw(this.#frame());
  }

  #frame(): string[] {
    const now = new Date();
    const { stdout, colors } = this.#terminal;
    const last = this.#parts.at(-1);
    const all = this.#parts.map(
      (part): Titled => ({
        title: part.title,
        timeline: buildTimeline(part.events, part === last ? now : undefined),
      }),
    );
    // The scale grows in steps, so that the picture does not move all the time.
    let span = 5;
    while (all.some(({ timeline }) => timeline.elapsed > span)) span *= 2;
    const ran = all.at(-1)?.timeline.elapsed ?? 0;
    return [
      ...drawTimelines(all, stdout.columns, colors.out, span),
      colors.out.dim(` ${inSeconds(ran)} ... Ctrl-C ends it and clears up.`),
    ];
  }
}

/** The line for what was done to a worker or the broker; undefined where it is no such event. */
function lessonLine(event: TimelineEvent): string | undefined {
  switch (event.event) {
    case "worker-killed":
      return " [!] Killed (kill -9)";
    case "broker-killed":
      return " [!] Killed (kill -9), and started again";
    case "broker-back":
      return " [*] Back";
    case "task-lost":
      return ` [!] Lost '${printableBody(event.task.body)}'`;
    case "task-forgotten":
      return ` [!] Done, and not acknowledged: '${printableBody(event.task.body)}'`;
    case "queue-looked-at":
      return ` [*] ready ${event.ready}, unacknowledged ${event.unacknowledged ?? "unknown"}`;
    case "batch-begun":
      return " [*] Sending";
    case "batch-ended":
      return ` [${event.whole ? "*" : "!"}] ${printable(event.label)}`;
    default:
      return undefined;
  }
}
