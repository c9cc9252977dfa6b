import type { ChalkInstance } from "chalk";
import stringWidth from "string-width";
import { fit, pad } from "../cli/columns.js";
import { printable, printableBody } from "../cli/printable.js";
import type { Bar, Timeline } from "./timeline.js";

/** The widest a worker's name gets on the left, in columns. */
const WIDEST_NAME = 20;

/** Steps of the time axis, in s: the first one that leaves room for its labels. */
const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const LABEL_ROOM = 8;

/** Draws a timeline: time along the axis, a line per worker, a bar with its name per task. */
export function drawTimeline(timeline: Timeline, columns: number, colors: ChalkInstance): string[] {
  const names = timeline.lanes.map(({ worker }) =>
    fit(printable(worker), Math.min(WIDEST_NAME, Math.floor(columns / 3))),
  );
  const nameWidth = Math.max(4, ...names.map((name) => stringWidth(name)));
  // A column is left free at the right, where some terminals would wrap.
  const width = Math.max(columns - nameWidth - 3, 1);
  const scale = width / Math.max(timeline.elapsed, 0.001);
  const palette = [colors.cyan, colors.yellow, colors.green, colors.magenta, colors.blue];
  const lanes = timeline.lanes.map(({ bars }, at) => {
    const color = palette[at % palette.length] ?? colors.white;
    return ` ${color.bold(pad(names[at] ?? "", nameWidth))} ${color(drawLane(bars, scale, width))}`;
  });
  return [` ${pad("time", nameWidth)} ${colors.dim(drawAxis(scale, width))}`, ...lanes];
}

function drawAxis(scale: number, width: number): string {
  const step = steps.find((seconds) => seconds * scale >= LABEL_ROOM) ?? Math.ceil(LABEL_ROOM / scale);
  let axis = "";
  for (let tick = 0; ; tick++) {
    const at = Math.round(tick * step * scale);
    const label = `${Number((tick * step).toFixed(1))}s`;
    if (at + label.length > width) return axis;
    axis = pad(axis, at) + label;
  }
}

/** Several tasks at a time share a line: a bar that begins under another one is drawn over its end. */
function drawLane(bars: readonly Bar[], scale: number, width: number): string {
  const cells: string[] = Array(width).fill(" ");
  for (const bar of bars) {
    const from = Math.min(Math.round(bar.from * scale), width - 1);
    const to = Math.min(Math.max(Math.round(bar.to * scale), from + 1), width);
    const drawn = drawBar(bar, to - from);
    // A wide character takes its own cell and the next one, which is then empty.
    // What is left of a wide character half covered is blank.
    let left = from;
    while (cells[left] === "") left--;
    cells.fill(" ", left, from);
    for (let right = to; cells[right] === ""; right++) cells[right] = " ";
    let cell = from;
    for (const { segment } of new Intl.Segmenter().segment(drawn)) {
      const wide = stringWidth(segment);
      if (wide === 0) cells[cell - 1] += segment;
      else {
        cells[cell] = segment;
        cells.fill("", cell + 1, cell + wide);
        cell += wide;
      }
    }
  }
  return cells.join("").trimEnd();
}

/** `├Third mess─┤`; an ✗ at its end where it was not finished, an ↻ at its start where it came again. */
function drawBar({ task, end, redelivered }: Bar, width: number): string {
  if (width === 1) return end === "done" ? "│" : "✗";
  const left = redelivered ? "↻" : "├";
  const right = end === "done" ? "┤" : "✗";
  const room = width - 2;
  const name = room < 2 ? "" : fit(printableBody(task.body, 200), room);
  return left + name + "─".repeat(room - stringWidth(name)) + right;
}
