import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { defaults } from "../engine/defaults.js";
import type { PublishTotals, QueueDeclared, Report } from "../engine/events.js";
import { ProgressLine } from "../terminal/progress-line.js";
import type { Terminal } from "../terminal/terminal.js";
import { count, inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { eventLine, printLine } from "./event-line.js";

/** Tasks of a file that are named one by one; after that there is a progress line, and the summary. */
const NAMED = 20;

/** How often the progress line changes, in ms. */
const PROGRESS_EVERY = 100;

/** Prints a publisher's events as lines of text. */
export function publisherLines(
  terminal: Terminal,
  { urls, file, fromLine }: { urls: readonly BrokerUrl[]; file: string | undefined; fromLine: number },
): Report {
  const many = file !== undefined;
  const { output, colors } = terminal;
  const progress = new ProgressLine(terminal);
  let declared: QueueDeclared | undefined;
  const notStored = new LineRanges();
  let confirmed = 0;
  let failed = 0;
  let shownAt = 0;
  return (event) => {
    if (event.event === "task-sent") return; // "Sent" is printed when it is confirmed
    if (event.event === "task-confirmed" && ++confirmed > NAMED && many) {
      const now = performance.now();
      if (now - shownAt < PROGRESS_EVERY) return;
      shownAt = now;
      progress.show(`${count(confirmed, "task")} confirmed`);
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
        for (const line of [summary(event, fromLine), ...account(event, notStored.toString())])
          output.out(line);
      if (event.complete && event.confirmed > 0 && declared !== undefined)
        output.out(colors.out.dim(standing(declared, urls)));
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

/** The lines not stored; if the input was not published to its end, also how to continue. */
function account(totals: PublishTotals, notStored: string): string[] {
  const { complete, confirmed, upToLine, doubtfulLines } = totals;
  const missing = notStored === "" ? [] : [`     Not stored: line ${notStored}.`];
  if (complete || upToLine === null) return missing;
  const line = (number: number) => number.toLocaleString("en-US");
  const but = notStored === "" ? "" : ", but for those not stored";
  const upTo = confirmed === 0 ? "No line is confirmed" : `Confirmed up to line ${line(upToLine)}${but}`;
  const { from, to } = doubtfulLines ?? { from: 0, to: 0 };
  const doubtful =
    doubtfulLines === null
      ? "nothing after it is stored"
      : `${from === to ? `line ${line(from)}` : `lines ${line(from)} to ${line(to)}`} may or may not be stored`;
  return [...missing, `     ${upTo}; ${doubtful}.`, `     To go on from there: --from-line ${upToLine + 1}`];
}

/** The counts from the queue's declaration, which need no extra request. */
function standing({ queue, ready, workers }: QueueDeclared, urls: readonly BrokerUrl[]): string {
  const ahead = `     ${count(ready, "task")} waiting ahead, ${count(workers, "worker")} listening on '${printable(queue)}'.`;
  if (workers > 0) return ahead;
  const addresses = urls.map(String);
  const usual = addresses.length === 1 && addresses[0] === defaults.url;
  const where = usual ? "" : addresses.map((address) => ` --url ${shellWord(address)}`).join("");
  const which = queue === defaults.queue ? "" : ` --queue ${shellWord(queue)}`;
  return `${ahead}\n     Start one in another terminal: worker${where}${which}`;
}

/** A text as one word of a shell's command line, to be copied. */
function shellWord(text: string): string {
  const shown = printable(text, 300);
  return /^[\w./:@%+-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
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

  /** `3, 12 to 200`; empty where there are none. */
  toString(): string {
    const shown = this.#ranges
      .slice(0, SHOWN)
      .map(({ from, to }) => (from === to ? number(from) : `${number(from)} to ${number(to)}`));
    const more = this.#ranges.length - shown.length;
    return (
      shown.join(", ") +
      (more > 0 ? ` and ${number(more)} more places up to ${number(this.#ranges.at(-1)?.to ?? 0)}` : "")
    );
  }
}

const number = (line: number): string => line.toLocaleString("en-US");
