import type { ChalkInstance } from "chalk";
import { drawTimeline } from "../lessons/draw-timeline.js";
import { legend } from "../lessons/marks.js";
import type { Timeline } from "../lessons/timeline.js";
import { wrap } from "./columns.js";

/** A timeline and what it is of; an empty title is none. */
export interface Titled {
  title: string;
  timeline: Timeline;
}

/** Timelines under each other on the same scale, and what their marks mean. @param span s that fill the width */
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
  // No break within an item.
  const marks = legend(all.map(({ timeline }) => timeline)).map(({ mark, means }) =>
    `${mark} ${means}`.replaceAll(" ", "\u00a0"),
  );
  for (const line of wrap(marks.join("   "), columns - 2))
    lines.push(` ${colors.dim(line.trim().replaceAll("\u00a0", " "))}`);
  return lines;
}
