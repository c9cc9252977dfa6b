import stringWidth from "string-width";
import { icons, markup, round } from "./svg-style.js";
import type { Bar } from "./timeline.js";

/** The approximate width of a column of text at 12 px, in px. */
const COLUMN = 6.2;
/** The width that a mark needs, in px. */
const ICON = 16;

export type Mark = "redelivered" | "cross" | "lost" | "warning" | "requeued" | "open" | "down";

const endMark: Partial<Record<Bar["end"], Mark>> = {
  killed: "cross",
  lost: "lost",
  aborted: "warning",
  requeued: "requeued",
  open: "open",
};

/** The marks of a bar that the legend explains. */
export function marksOf({ begin, end }: Bar): Mark[] {
  const right = endMark[end];
  return [
    ...(begin === "redelivered" || begin === "down" ? [begin] : []),
    ...(right === undefined ? [] : [right]),
  ];
}

/** Where a bar is drawn, in px, and in which colour. */
interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
  /** A worker's colour, or the broker's. */
  color: number | "bad";
  /** Right edge of the picture. */
  edge: number;
}

/** Draws one bar with its name, which fades out where it does not fit. */
export function svgBar(bar: Bar, { x, y, width: asked, height, color, edge }: Place): string {
  const { label, begin, end } = bar;
  // One pixel less, so that there is a gap between two bars; at least 2, so that it is visible.
  const width = Math.max(asked - 1, 2);
  const middle = height / 2;
  const isLost = begin === "lost" || end === "lost";
  const tone = isLost ? "out" : begin === "down" ? "down" : String(color);
  const [fill, textColor, stroke] = isLost ? ["out", "bad", "mbad"] : [`f${tone}`, `t${tone}`, `m${tone}`];
  const right = endMark[end];
  const hasRight = right !== undefined && width >= ICON;
  const hasLeft = begin === "redelivered" && width >= ICON * (hasRight ? 2 : 1);
  const from = hasLeft ? ICON + 3 : 6;
  const room = width - from - (hasRight ? ICON : 2);
  const parts = [
    `<rect width="${round(width)}" height="${height}" rx="${Math.min(4, round(width / 2))}" class="${fill}"/>`,
  ];
  // A nested svg clips a name that is wider; with less than 8 px, no name is shown.
  const shown = room < 8 ? 0 : room;
  const needed = stringWidth(label) * COLUMN;
  const fade = needed > shown ? fadeOut(shown, height, tone) : "";
  if (begin === "sending" && fade !== "") {
    // A batch's label has its number of tasks: where it does not fit, it is drawn in full beside the bar.
    const fitsRight = x + width + needed + 6 < edge;
    const place = fitsRight ? `x="${round(width + 6)}"` : `x="-6" text-anchor="end"`;
    parts.push(`<text ${place} y="${middle + 4.3}">${markup(label)}</text>`);
  } else
    parts.push(
      `<svg x="${from}" width="${round(shown)}" height="${height}"><text y="${middle + 4.3}" class="${textColor}">${markup(label)}</text>${fade}</svg>`,
    );
  if (hasLeft) parts.push(icon("redelivered", ICON / 2 + 2, middle, stroke));
  if (hasRight) parts.push(icon(right, width - ICON / 2, middle, right === "cross" ? "mbad" : stroke));
  else if (right !== undefined)
    parts.push(`<rect x="${round(width - 2)}" width="2" height="${height}" class="bad"/>`);
  return `<g transform="translate(${round(x)} ${round(y)})">${parts.join("")}</g>`;
}

/** Covers the end of a name with a gradient to the colour of its bar. */
function fadeOut(room: number, height: number, color: string): string {
  const width = Math.min(18, room);
  return `<rect x="${round(room - width)}" y="2" width="${round(width)}" height="${height - 4}" fill="url(#fade${color})"/>`;
}

const icon = (mark: Mark, x: number, y: number, stroke: string): string => {
  const path = mark === "lost" || mark === "down" ? icons.cross : icons[mark];
  return `<path d="${path}" transform="translate(${round(x)} ${y})" class="mark ${stroke}"/>`;
};

const meanings: Record<Mark, string> = {
  redelivered: "received again (redelivered)",
  cross: "killed",
  lost: "lost",
  warning: "given up: connection lost",
  requeued: "requeued",
  open: "not ended",
  down: "broker down",
};

/** Draws what the bars and their marks mean, in one line or more; `bottom`: the last line's y, in px. */
export function svgLegend(
  bars: string,
  marks: ReadonlySet<Mark>,
  place: { left: number; right: number; y: number },
): { svg: string; bottom: number } {
  let { left: x, y } = place;
  const parts: string[] = [];
  const item = (text: string, room: number, picture: () => string) => {
    const width = room + stringWidth(text) * 5.7;
    if (x + width > place.right) {
      x = place.left;
      y += 18;
    }
    parts.push(picture(), `<text x="${round(x + room)}" y="${y}" class="axis dim">${text}</text>`);
    x += width + 18;
  };
  item(bars, 0, () => "");
  for (const mark of Object.keys(meanings) as Mark[]) {
    if (!marks.has(mark)) continue;
    const box = mark === "lost" ? "out" : mark === "down" ? "fdown" : undefined;
    item(meanings[mark], box === undefined ? 16 : 26, () =>
      box === undefined
        ? icon(mark, x + 5, y - 4, mark === "cross" ? "mbad" : "mdim")
        : `<rect x="${round(x)}" y="${y - 10}" width="20" height="12" rx="3" class="${box}"/>`,
    );
  }
  return { svg: parts.filter((part) => part !== "").join("\n"), bottom: y };
}
