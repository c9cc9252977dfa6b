import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { markup, round, style } from "../dist/timeline/svg-style.js";

const path = join(import.meta.dirname, "../docs/images/performance.svg");
const PANEL = 415;
const HEIGHT = 330;
/** Where a panel's plot lies in it. */
const plot = { left: 62, right: PANEL - 18, top: 104, bottom: HEIGHT - 56 };

/** Colours in the light and in the dark, and dashes for eyes that do not tell colours apart. */
const looks = {
  ours: { light: "#0969da", dark: "#58a6ff", dashes: "none" },
  amqplib: { light: "#bc4c00", dark: "#f0883e", dashes: "8 3" },
  raw: { light: "#1a7f37", dark: "#3fb950", dashes: "5 4" },
  limit: { light: "#59636e", dark: "#9ba5b0", dashes: "2 4" },
};
const colors = (mode) =>
  Object.entries(looks)
    .map(([key, look]) => `.${key}{stroke:${look[mode]}}circle.${key}{fill:${look[mode]}}`)
    .join("");
const dashes = Object.entries(looks).map(([key, look]) => `.${key}{stroke-dasharray:${look.dashes}}`);

/** Draws tasks per second against the window and against the concurrency, where both were measured. */
export function drawChart(results) {
  if (results.publish === undefined || results.concurrency === undefined) return;
  const panels = [windows(results.publish.figures), tasksAtATime(results.concurrency.figures)];
  const title = "Tasks per second, and what they depend on";
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * PANEL} ${HEIGHT}" width="${2 * PANEL}" height="${HEIGHT}" role="img" aria-labelledby="title description">`,
    `<title id="title">${title}</title>`,
    `<desc id="description">${markup(panels.map(describe).join(" "))}</desc>`,
    `<style>\n${style}\n${colors("light")}${dashes.join("")}\n@media (prefers-color-scheme:dark){${colors("dark")}}\n</style>`,
    `<rect x=".5" y=".5" width="${2 * PANEL - 1}" height="${HEIGHT - 1}" rx="8" class="ground"/>`,
    words(18, 32, title, "title"),
    ...panels.map((panel, at) => `<g transform="translate(${at * PANEL} 0)">\n${draw(panel)}\n</g>`),
    "</svg>",
  ];
  writeFileSync(path, `${text.join("\n")}\n`);
}

const rateOf = (figures, key) => figures.find((figure) => figure.key === key)?.rate?.median;

/** Lines that do not depend on what stands on the axis, of those measured. */
const levels = (figures, named) =>
  named
    .map(([key, name]) => ({ key, name, rate: rateOf(figures, key) }))
    .filter(({ rate }) => rate !== undefined);

const windows = (figures) => ({
  title: "Publishing a file, classic queue",
  axis: "messages in flight at most",
  curve: {
    key: "amqplib",
    name: "amqplib",
    points: figures
      .filter(({ key }) => key === "amqplib")
      .map(({ window, rate }) => ({
        label: window === 0 ? "no limit" : window.toLocaleString("en-US"),
        rate: rate.median,
      })),
  },
  levels: levels(figures, [
    ["limit", "limit (C)"],
    ["raw", "raw Node socket"],
    ["ours", "ours"],
  ]),
});

const tasksAtATime = (figures) => ({
  title: "Draining a queue, one process",
  axis: "tasks at a time",
  curve: {
    key: "ours",
    name: "ours",
    points: figures
      .filter(({ key }) => key.startsWith("ours"))
      .sort((a, b) => a.prefetch - b.prefetch)
      .map(({ prefetch, rate }) => ({ label: prefetch.toLocaleString("en-US"), rate: rate.median })),
  },
  levels: levels(figures, [
    ["limit", "limit (C), 100"],
    ["amqplib", "amqplib, 100"],
  ]),
});

const words = (x, y, said, look, anchor = "start") =>
  `<text x="${round(x)}" y="${round(y)}" class="${look}" text-anchor="${anchor}">${markup(said)}</text>`;

const inThousands = (rate) => (rate === 0 ? "0" : `${Number((rate / 1000).toFixed(1))}k`);

/** A step of 1, 2 or 5 that makes about five lines of a scale. */
function step(most) {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return [1, 2, 5, 10].map((factor) => factor * power).find((size) => most / size <= 6) ?? most;
}

function draw({ title, axis, curve, levels }) {
  const { left, right, top, bottom } = plot;
  const most = Math.max(...[...curve.points, ...levels].map(({ rate }) => rate)) * 1.05;
  const size = step(most);
  const y = (rate) => bottom - (rate / most) * (bottom - top);
  const x = (at) => left + 16 + (at * (right - left - 32)) / Math.max(1, curve.points.length - 1);
  const drawn = [words(18, 58, title, "run")];

  let legend = 18;
  for (const { key, name } of [curve, ...levels]) {
    drawn.push(`<path d="M${legend} 74h16" class="mark ${key}"/>`);
    drawn.push(words(legend + 21, 78, name, "axis"));
    legend += 37 + name.length * 6;
  }
  for (let rate = 0; rate <= most; rate += size) {
    drawn.push(`<path d="M${left} ${round(y(rate))}H${right}" class="grid"/>`);
    drawn.push(words(left - 7, y(rate) + 4, inThousands(rate), "axis dim", "end"));
  }
  for (const { rate, key } of levels)
    drawn.push(`<path d="M${left} ${round(y(rate))}H${right}" class="mark ${key}"/>`);
  const corners = curve.points.map(({ rate }, at) => `${round(x(at))} ${round(y(rate))}`);
  drawn.push(`<path d="M${corners.join("L")}" class="mark ${curve.key}"/>`);
  for (const [at, { label, rate }] of curve.points.entries()) {
    drawn.push(`<circle cx="${round(x(at))}" cy="${round(y(rate))}" r="3.5" class="${curve.key}"/>`);
    drawn.push(words(x(at), bottom + 18, label, "axis", "middle"));
  }
  drawn.push(words((left + right) / 2, bottom + 38, axis, "axis dim", "middle"));
  return drawn.join("\n");
}

function describe({ title, axis, curve, levels }) {
  const rate = (number) => `${Math.round(number).toLocaleString("en-US")} tasks/s`;
  const points = curve.points.map(({ label, rate: at }) => `${label}: ${rate(at)}`);
  const others = levels.map(({ name, rate: at }) => `${name}: ${rate(at)}`);
  return `${title}. ${curve.name}, by ${axis}: ${points.join(", ")}. ${others.join(", ")}.`;
}
