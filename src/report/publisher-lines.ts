import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { defaults } from "../engine/defaults.js";
import type { PublishTotals, QueueDeclared, Report } from "../engine/events.js";
import { ProgressLine } from "../terminal/progress-line.js";
import type { Terminal } from "../terminal/terminal.js";
import { count, inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { shellWord } from "../text/shell-word.js";
import { eventLine, printLine } from "./event-line.js";

/** Tasks of a file that are named one by one; after that there is a progress line, and the summary. */
const NAMED = 20;

/** How often the progress line changes, in ms. */
const PROGRESS_EVERY = 100;

interface Options {
  urls: readonly BrokerUrl[];
  file: string | undefined;
  fromLine: number;
  /** How many tasks it will be in all; undefined: not known. */
  expected(): number | undefined;
}

/** Prints a publisher's events as lines of text. */
export function publisherLines(terminal: Terminal, { urls, file, fromLine, expected }: Options): Report {
  const many = file !== undefined;
  const { output, colors } = terminal;
  const progress = new ProgressLine(terminal);
  let declared: QueueDeclared | undefined;
  const notStored = new LineRanges();
  let confirmed = 0;
  let failed = 0;
  let startedAt: number | undefined;
  let shownAt = 0;
  return (event) => {
    if (event.event === "task-sent") {
      startedAt ??= performance.now();
      return; // "Sent" is printed when it is confirmed
    }
    if (event.event === "task-confirmed" && ++confirmed > NAMED && many) {
      const now = performance.now();
      if (now - shownAt < PROGRESS_EVERY) return;
      shownAt = now;
      progress.show(underWay(confirmed, (now - (startedAt ?? now)) / 1000, expected()));
      return;
    }
    if (event.event === "queue-declared") declared ??= event;
    if (event.event === "task-unroutable" || event.event === "task-unconfirmed") {
      if (event.event === "task-unroutable" || !event.mayBeStored) notStored.add(event.line);
      if (++failed === NAMED + 1) output.err("     Further ones are not named one by one.");
      if (failed > NAMED) return;
    }
    printLine(output, eventLine(event, colors, many));
    if (event.event === "task-confirmed" && confirmed === NAMED && many)
      output.out(`     ${colors.out.dim("Further tasks are not named one by one.")}`);
    if (event.event === "stopped" && "confirmed" in event) {
      progress.show(undefined);
      if (many)
        for (const line of [summary(event, fromLine), ...account(event, fromLine, notStored)])
          output.out(line);
      if (event.complete && event.confirmed > 0 && declared !== undefined)
        output.out(colors.out.dim(standing(declared, event.after, urls)));
    }
  };
}

function summary(totals: PublishTotals, fromLine: number): string {
  const { confirmed, dots, sentAgain, unroutable, refused, unconfirmed, seconds } = totals;
  if (confirmed + unroutable + refused + unconfirmed === 0)
    return ` [x] There was no task in the input${fromLine > 1 ? ` from line ${fromLine.toLocaleString("en-US")} on` : ""}.`;
  const rate = seconds >= 1 ? `, ${count(Math.round(confirmed / seconds), "task")}/s` : "";
  const parts = [
    `${count(confirmed, "task")} sent and confirmed, ${count(dots, "dot")} (${inSeconds(seconds)}${rate})`,
  ];
  if (sentAgain > 0)
    parts.push(`published again after a lost connection or a nack: ${count(sentAgain, "time")}`);
  if (unroutable > 0) parts.push(`${count(unroutable, "task")} no queue took`);
  if (refused > 0) parts.push(`${count(refused, "task")} refused`);
  if (unconfirmed > 0) parts.push(`${count(unconfirmed, "task")} not confirmed`);
  return ` [x] ${parts.join("; ")}`;
}

/** The progress line: tasks, rate and, where the input's size is known, how much is left; within 60 columns. */
function underWay(confirmed: number, seconds: number, expected: number | undefined): string {
  const rate = confirmed / Math.max(seconds, 0.001);
  const perSecond = `${number(Math.round(rate))}/s`;
  if (expected === undefined || expected <= confirmed)
    return `${count(confirmed, "task")} confirmed, ${perSecond}`;
  const percent = Math.floor((100 * confirmed) / expected);
  return `${count(confirmed, "task")} confirmed (${percent} %), ${perSecond}, ${duration((expected - confirmed) / rate)} left`;
}

/** `8 s`, `3 min`, `2.5 h`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${Math.ceil(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** The lines not stored; if the input was not published to its end, also up to where it was, and how to continue. */
function account(totals: PublishTotals, fromLine: number, notStored: LineRanges): string[] {
  const { complete, confirmed, upToLine, doubtfulLines } = totals;
  if (complete || upToLine === null) {
    const missing = notStored.upTo(Number.POSITIVE_INFINITY);
    return missing === "" ? [] : [`     Not stored: ${missing}.`];
  }
  const missing = notStored.upTo(upToLine);
  const except = missing === "" ? "" : `, except ${missing}`;
  const stored = `Stored: ${range(fromLine, upToLine)}${except}`;
  const doubtful = doubtfulLines && `${range(doubtfulLines.from, doubtfulLines.to)} may or may not be stored`;
  const account =
    confirmed === 0
      ? (doubtful?.replace(/^l/, "L") ?? "Nothing is stored")
      : `${stored}; ${doubtful ?? "nothing after that"}`;
  return [`     ${account}.`, `     To go on from there: --from-line ${upToLine + 1}`];
}

/** How the queue stood when it was declared, and how it stands now. */
function standing(
  { queue, ready, workers }: QueueDeclared,
  now: PublishTotals["after"],
  urls: readonly BrokerUrl[],
): string {
  const waiting =
    now === null
      ? `${count(ready, "task")} waiting before`
      : `${count(now.ready, "task")} waiting now, ${number(ready)} before`;
  const listening = now?.workers ?? workers;
  const ahead = `     ${waiting}; ${count(listening, "worker")} listening on '${printable(queue)}'.`;
  if (listening > 0) return ahead;
  const addresses = urls.map(String);
  const usual = addresses.length === 1 && addresses[0] === defaults.url;
  const where = usual ? "" : addresses.map((address) => ` --url ${shellWord(address)}`).join("");
  const which = queue === defaults.queue ? "" : ` --queue ${shellWord(queue)}`;
  return `${ahead}\n     Start one in another terminal: worker${where}${which}`;
}

/** Ranges shown before the rest is only counted. */
const SHOWN = 10;

/** Lines of a file, in ascending order, kept as ranges. */
class LineRanges {
  readonly #ranges: { from: number; to: number }[] = [];

  add(line: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && line === last.to + 1) last.to = line;
    else this.#ranges.push({ from: line, to: line });
  }

  /** Those up to a line: `line 3`, `lines 3, 12 to 200`; empty where there are none. */
  upTo(last: number): string {
    const ranges = this.#ranges.filter(({ from }) => from <= last);
    const [first] = ranges;
    if (first === undefined) return "";
    const shown = ranges
      .slice(0, SHOWN)
      .map(({ from, to }) => (from === to ? number(from) : `${number(from)} to ${number(to)}`));
    const more = ranges.length - shown.length;
    const others = more > 0 ? ` and ${number(more)} more places up to ${number(ranges.at(-1)?.to ?? 0)}` : "";
    const one = ranges.length === 1 && first.from === first.to;
    return `${one ? "line" : "lines"} ${shown.join(", ")}${others}`;
  }
}

const range = (from: number, to: number): string =>
  from >= to ? `line ${number(to)}` : `lines ${number(from)} to ${number(to)}`;

const number = (line: number): string => line.toLocaleString("en-US");
