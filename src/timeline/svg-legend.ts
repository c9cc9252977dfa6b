import stringWidth from "string-width";
import { begins, legend } from "./marks.js";
import { svgIcon } from "./svg-bar.js";
import { round } from "./svg-style.js";
import type { Timeline } from "./timeline.js";

/** Draws what the bars and their marks mean, in one line or more; `bottom`: the last line's y, in px. */
export function svgLegend(
  bars: string,
  timelines: readonly Timeline[],
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
  for (const mark of legend(timelines)) {
    const { icon, means, isBad } = mark;
    if (icon !== undefined)
      item(means, 16, () => svgIcon(mark, x + 5, y - 4, isBad === true ? "mbad" : "mdim"));
    else if (mark === begins.waiting)
      item(
        means,
        26,
        () => `<rect x="${round(x)}" y="${y - 10}" width="20" height="12" rx="3" class="out"/>`,
      );
  }
  return { svg: parts.filter((part) => part !== "").join("\n"), bottom: y };
}
