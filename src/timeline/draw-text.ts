import type { ChalkInstance } from "chalk";
import stringWidth from "string-width";
import { fit, pad, wrap } from "../text/columns.js";
import { printable } from "../text/printable.js";
import { begins, ends, legend } from "./marks.js";
import { rowsOf } from "./rows.js";
import { timeStep } from "./time-step.js";
import { type Bar, hasLabelBeside, type Timeline, type Titled } from "./timeline.js";

/** The widest name of a lane, in columns; a longer one is cut. */
const WIDEST_NAME = 20;

/** The most lines of one lane: as many tasks at a time can be told apart. */
const MOST_ROWS = 8;

/** Columns for a label of the time axis, unless the times are huge. */
const LABEL_ROOM = 8;

/**
 * Draws timelines below each other on the same scale, and the legend of their marks.
 * @param span seconds that fill the width; default: the longest timeline's
 */
export function drawTimelines(
  all: readonly Titled[],
  columns: number,
  colors: ChalkInstance,
  span = Math.max(0, ...all.map(({ timeline }) => timeline.elapsed)),
): string[] {
  const lines: string[] = [];
  for (const { title, timeline } of all) {
    if (title !== "") for (const line of wrap(title, columns - 2)) lines.push(` ${colors.bold(line)}`);
    lines.push(...drawTimeline(timeline, columns, colors, span), "");
  }
  // No-break spaces keep a mark and its meaning on one line.
  const marks = legend(all.map(({ timeline }) => timeline)).map(({ mark, means }) =>
    `${mark} ${means}`.replaceAll(" ", "\u00a0"),
  );
  for (const line of wrap(marks.join("   "), columns - 2))
    lines.push(` ${colors.dim(line.trim().replaceAll("\u00a0", " "))}`);
  return lines;
}

/**
 * Draws one timeline: the time axis, then a line per lane with a bar per task; more lines where a lane has several
 * tasks at a time.
 * @param span seconds that fill the width; default: the timeline's own
 */
export function drawTimeline(
  timeline: Timeline,
  columns: number,
  colors: ChalkInstance,
  span = timeline.elapsed,
): string[] {
  const names = timeline.lanes.map(({ name }) =>
    fit(printable(name), Math.min(WIDEST_NAME, Math.floor(columns / 3))),
  );
  const nameWidth = Math.max(4, ...names.map((name) => stringWidth(name)));
  // The last column stays empty: some terminals would wrap there.
  const width = Math.max(columns - nameWidth - 3, 1);
  const scale = width / Math.max(span, 0.001);
  const palette = [colors.cyan, colors.yellow, colors.green, colors.magenta, colors.blue];
  const workers = timeline.lanes.filter(({ kind }) => kind !== "broker");
  const lanes = timeline.lanes.flatMap((lane, at) => {
    const color =
      lane.kind === "broker" ? colors.red : (palette[workers.indexOf(lane) % palette.length] ?? colors.white);
    return rowsOf(lane, MOST_ROWS).map((bars, row) => {
      const name = row === 0 ? (names[at] ?? "") : "";
      return ` ${color.bold(pad(name, nameWidth))} ${color(drawRow(bars, scale, width))}`;
    });
  });
  return [` ${pad("time", nameWidth)} ${colors.dim(drawAxis(scale, width))}`, ...lanes];
}

function drawAxis(scale: number, width: number): string {
  const last = `${Math.ceil(width / scale)}s`;
  const step = timeStep(scale, Math.max(LABEL_ROOM, last.length + 1));
  let axis = "";
  for (let tick = 0; ; tick++) {
    const at = Math.round(tick * step * scale);
    const label = `${Number((tick * step).toFixed(1))}s`;
    if (at + label.length > width) return axis;
    axis = pad(axis, at) + label;
  }
}

/** Draws bars in a line: one that begins later is drawn over the end of the one before. */
function drawRow(bars: readonly Bar[], scale: number, width: number): string {
  const cells: string[] = Array(width).fill(" ");
  for (const bar of bars) {
    const from = Math.min(Math.round(bar.from * scale), width - 1);
    const to = Math.min(Math.max(Math.round(bar.to * scale), from + 1), width);
    put(cells, from, to, drawBar(bar, to - from));
  }
  for (const bar of bars) if (hasLabelBeside(bar)) putBeside(cells, bar, scale);
  return cells.join("").trimEnd();
}

/** `├Third mess─┤`: the marks show how it began and ended; waiting and downtime are dotted, being no work. */
function drawBar({ label, begin, end }: Bar, width: number): string {
  const right = ends[end].mark;
  if (begin === "between") return right.repeat(width);
  if (width === 1) return end === "done" ? "│" : right;
  const room = width - 2;
  const name = room < 2 ? "" : fit(label, room);
  return begins[begin].mark + name + line(begin).repeat(room - stringWidth(name)) + right;
}

const line = (begin: Bar["begin"]): string => (begin === "waiting" || begin === "down" ? "┄" : "─");

/** Draws a label in full beside its bar, where it does not fit inside and there is room. */
function putBeside(cells: string[], { label, from, to, begin: kind }: Bar, scale: number): void {
  const begin = Math.round(from * scale);
  const end = Math.max(Math.round(to * scale), begin + 1);
  const needed = stringWidth(label);
  if (needed <= end - begin - 2) return;
  for (const at of [end + 1, begin - needed - 1]) {
    const free =
      at >= 0 && at + needed <= cells.length && cells.slice(at, at + needed).every((cell) => cell === " ");
    if (!free) continue;
    put(cells, at, at + needed, label);
    if (end - begin > 2) put(cells, begin + 1, end - 1, line(kind).repeat(end - begin - 2));
    return;
  }
}

/** Writes a text of exactly `to - from` columns into the cells. */
function put(cells: string[], from: number, to: number, text: string): void {
  // A wide character is in its first cell, and its second is "". One that is half overwritten becomes a blank.
  let left = from;
  while (cells[left] === "") left--;
  cells.fill(" ", left, from);
  for (let right = to; cells[right] === ""; right++) cells[right] = " ";
  let cell = from;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const wide = stringWidth(segment);
    if (wide === 0) cells[cell - 1] += segment;
    else {
      cells[cell] = segment;
      cells.fill("", cell + 1, cell + wide);
      cell += wide;
    }
  }
}
