import stringWidth from "string-width";
import { begins, ends, type Mark } from "./marks.js";
import { markup, round } from "./svg-style.js";
import { type Bar, hasLabelBeside } from "./timeline.js";

/** The approximate width of a column of text at 12 px, in px. */
const COLUMN = 6.2;
/** The width that a mark needs, in px. */
const ICON = 16;

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
  if (begin === "between")
    return `<path d="M1 ${middle}H${round(width - 1)}" transform="translate(${round(x)} ${round(y)})" class="mark m${color}"/>`;
  const isWaiting = begin === "waiting";
  const tone = isWaiting ? "out" : begin === "down" ? "down" : String(color);
  const [fill, textColor, stroke] = isWaiting ? ["out", "bad", "mbad"] : [`f${tone}`, `t${tone}`, `m${tone}`];
  const [left, right] = [begins[begin], ends[end]];
  const hasRight = right.icon !== undefined && width >= ICON;
  const hasLeft = left.icon !== undefined && width >= ICON * (hasRight ? 2 : 1);
  const from = hasLeft ? ICON + 3 : 6;
  const room = width - from - (hasRight ? ICON : 2);
  const parts = [
    `<rect width="${round(width)}" height="${height}" rx="${Math.min(4, round(width / 2))}" class="${fill}"/>`,
  ];
  // A nested svg clips a name that is wider; with less than 8 px, no name is shown.
  const shown = room < 8 ? 0 : room;
  const needed = stringWidth(label) * COLUMN;
  const fade = needed > shown ? fadeOut(shown, height, tone) : "";
  if (hasLabelBeside(bar) && fade !== "") {
    const fitsRight = x + width + needed + 6 < edge;
    const place = fitsRight ? `x="${round(width + 6)}"` : `x="-6" text-anchor="end"`;
    parts.push(`<text ${place} y="${middle + 4.3}">${markup(label)}</text>`);
  } else
    parts.push(
      `<svg x="${from}" width="${round(shown)}" height="${height}"><text y="${middle + 4.3}" class="${textColor}">${markup(label)}</text>${fade}</svg>`,
    );
  // On the red of its downtime a bad end of the broker is drawn as its text is.
  const inkOf = ({ isBad }: Mark) => (isBad === true && begin !== "down" ? "mbad" : stroke);
  if (hasLeft) parts.push(svgIcon(left, ICON / 2 + 2, middle, inkOf(left)));
  if (hasRight) parts.push(svgIcon(right, width - ICON / 2, middle, inkOf(right)));
  else if (right.icon !== undefined)
    parts.push(`<rect x="${round(width - 2)}" width="2" height="${height}" class="bad"/>`);
  return `<g transform="translate(${round(x)} ${round(y)})">${parts.join("")}</g>`;
}

/** Covers the end of a name with a gradient to the colour of its bar. */
function fadeOut(room: number, height: number, color: string): string {
  const width = Math.min(18, room);
  return `<rect x="${round(room - width)}" y="2" width="${round(width)}" height="${height - 4}" fill="url(#fade${color})"/>`;
}

/** Draws a mark's icon around a point. @param ink the class of its stroke */
export const svgIcon = ({ icon }: Mark, x: number, y: number, ink: string): string =>
  `<path d="${icon}" transform="translate(${round(x)} ${y})" class="mark ${ink}"/>`;
