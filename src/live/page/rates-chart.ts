import type { LiveState } from "../ledger.js";
import { byId, make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 90;

/** Draws rates and counts, where there are too many tasks to show each. */
export function drawRates({ counting, rates }: LiveState): void {
  const box = byId("rates");
  box.hidden = counting === null;
  if (counting === null) return;
  const whole = (number: number) => Math.round(number).toLocaleString("en-US");
  const big = make("div", "big");
  const numbers: [string, string][] = [
    ["published a second", whole(counting.publishRate)],
    ["sent to workers a second", whole(counting.deliverRate)],
    ["published so far", whole(counting.published)],
    ["sent so far", whole(counting.delivered)],
  ];
  for (const [label, value] of numbers) {
    const one = make("div");
    const number = make("b", "", value);
    number.dataset["count"] = label;
    one.append(number, make("span", "dim", label));
    big.append(one);
  }
  const chart = document.createElementNS(SVG, "svg");
  chart.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  chart.setAttribute("preserveAspectRatio", "none");
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", "The last minute: tasks published and sent to workers a second");
  const most = Math.max(1, ...rates.map(({ publish, deliver }) => Math.max(publish, deliver)));
  for (const which of ["publish", "deliver"] as const) {
    const line = document.createElementNS(SVG, "path");
    const points = rates.map(
      (one, at) =>
        `${(at / Math.max(rates.length - 1, 1)) * WIDTH} ${HEIGHT - 4 - (one[which] / most) * (HEIGHT - 10)}`,
    );
    line.setAttribute("d", points.length > 1 ? `M${points.join("L")}` : "");
    line.setAttribute("class", which);
    line.setAttribute("vector-effect", "non-scaling-stroke");
    chart.append(line);
  }
  const behind = counting.about
    ? " Not all copies could be read in time: what is published and sent is about right, what waits is exact."
    : "";
  const note = make(
    "p",
    "dim",
    `More than 200 events a second: there are only counts, until it is calmer.${behind}`,
  );
  box.replaceChildren(big, chart, note);
}
