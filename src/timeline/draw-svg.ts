import stringWidth from "string-width";
import { fit } from "../text/columns.js";
import { count, inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { countEnds } from "./marks.js";
import { rowsOf } from "./rows.js";
import { svgBar } from "./svg-bar.js";
import { svgLegend } from "./svg-legend.js";
import { COLORS, markup, round, style } from "./svg-style.js";
import { timeStep } from "./time-step.js";
import type { Titled } from "./timeline.js";

const WIDTH = 830;
const MARGIN = 18;
/** The height of a bar, and of its row with the gap below. */
const BAR = 22;
const ROW = 27;
/** The widest name of a lane, in columns of about 7 px; a longer one is cut. */
const WIDEST_NAME = 22;
const COLUMN = 7;

/**
 * Draws timelines below each other on the same scale, as an SVG that follows light and dark mode and has a
 * description in words. The same timelines make the same text.
 */
export function drawSvg(title: string, all: readonly Titled[]): string {
  const span = Math.max(0.001, ...all.map(({ timeline }) => timeline.elapsed));
  const lanes = all.flatMap(({ timeline }) => timeline.lanes);
  const names = lanes.map(({ name }) => stringWidth(fit(printable(name), WIDEST_NAME)));
  const left = MARGIN + Math.max(4, ...names) * COLUMN + 12;
  const scale = (WIDTH - MARGIN - left) / span;
  const body: string[] = [];
  let y = MARGIN + 14;
  body.push(text(MARGIN, y, printable(title), "title"));
  y += 12;
  for (const { title, timeline } of all) {
    if (title !== "") {
      y += 20;
      body.push(text(MARGIN, y, printable(title), "run"));
    }
    y += 18;
    const rows = timeline.lanes.map((lane) => rowsOf(lane));
    const height = rows.flat().length * ROW;
    body.push(...axis(left, y, scale, span, height));
    y += 6;
    let color = 0;
    for (const [at, lane] of timeline.lanes.entries()) {
      const laneColor = lane.kind === "broker" ? "bad" : color++ % COLORS;
      body.push(text(MARGIN, y + BAR / 2 + 4.5, fit(printable(lane.name), WIDEST_NAME), "lane"));
      for (const row of rows[at] ?? []) {
        for (const bar of row)
          body.push(
            svgBar(bar, {
              x: left + bar.from * scale,
              y,
              width: (bar.to - bar.from) * scale,
              height: BAR,
              color: laneColor,
              edge: WIDTH - MARGIN,
            }),
          );
        y += ROW;
      }
    }
    y += 4;
  }
  y += 22;
  const hasWorkers = lanes.some(({ kind }) => kind === "worker");
  const bars = hasWorkers
    ? "a bar: one task, from received to acknowledged"
    : "a bar: a batch of tasks being published";
  const timelines = all.map(({ timeline }) => timeline);
  const { svg, bottom } = svgLegend(bars, timelines, { left: MARGIN, right: WIDTH - MARGIN, y });
  body.push(svg);
  const height = bottom + MARGIN - 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${round(height)}" width="${WIDTH}" height="${round(height)}" role="img" aria-labelledby="title description">
<title id="title">${markup(printable(title))}</title>
<desc id="description">${markup(describe(all))}</desc>
<style>
${style}
</style>
<defs>
${gradients()}
</defs>
<rect x=".5" y=".5" width="${WIDTH - 1}" height="${round(height - 1)}" rx="8" class="ground"/>
${body.join("\n")}
</svg>
`;
}

const text = (x: number, y: number, content: string, style: string): string =>
  `<text x="${round(x)}" y="${round(y)}" class="${style}">${markup(content)}</text>`;

function axis(left: number, y: number, scale: number, span: number, height: number): string[] {
  const room = Math.max(60, `${Math.ceil(span)} s`.length * COLUMN);
  const step = timeStep(scale, room);
  const lines: string[] = [];
  for (let tick = 0; tick * step <= span + 1e-9; tick++) {
    const x = left + tick * step * scale;
    const label = `${Number((tick * step).toFixed(1))} s`;
    lines.push(`<path d="M${round(x)} ${y}V${round(y + height + 4)}" class="grid"/>`);
    if (x + room - 32 < WIDTH - MARGIN / 2) lines.push(text(x + 3, y - 3, label, "axis dim"));
  }
  return lines;
}

/** Gradients that fade out names wider than their bars. */
const gradients = (): string =>
  [...Array.from({ length: COLORS }, (_, at) => String(at)), "out", "down"]
    .map(
      (color) =>
        `<linearGradient id="fade${color}"><stop offset="0" class="s${color}" stop-opacity="0"/><stop offset="1" class="s${color}"/></linearGradient>`,
    )
    .join("\n");

/** The description in words, for readers who cannot see the picture. */
function describe(all: readonly Titled[]): string {
  const runs = all.map(({ title, timeline: { lanes, elapsed } }) => {
    const perLane = lanes.map(({ name, bars }) => `${printable(name)}: ${countEnds(bars)}`);
    return `${title === "" ? `${count(lanes.length, "lane")}, ${inSeconds(elapsed)}` : printable(title)}. ${perLane.join("; ")}.`;
  });
  return `A timeline: a lane for each worker, sender or broker, and a bar for each task. ${runs.join(" ")}`;
}
