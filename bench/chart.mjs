import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { markup, round, style } from "../dist/timeline/svg-style.js";

const path = join(import.meta.dirname, "../docs/images/performance.svg");
const WIDTH = 830;
const ROW = 24;
const TOP = 104;

/** A mark for each client, around its point: colours differ, and for eyes that do not tell them apart the shapes. */
const marks = {
  ours: { name: "ours", shape: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0", light: "#0969da", dark: "#58a6ff" },
  limit: { name: "limit", shape: "M0-6L6 0L0 6L-6 0z", light: "#59636e", dark: "#9ba5b0" },
  rabbitmqClient: { name: "rabbitmq-client", shape: "M-4-4h8v8h-8z", light: "#bc4c00", dark: "#f0883e" },
  cloudamqp: { name: "@cloudamqp", shape: "M0-5L5 4H-5z", light: "#1a7f37", dark: "#3fb950" },
};
const colors = (mode) =>
  Object.entries(marks)
    .map(([key, mark]) => `.${key}{fill:${mark[mode]};stroke:${mark[mode]}}`)
    .join("");

const words = (x, y, text, look, anchor = "start") =>
  `<text x="${round(x)}" y="${round(y)}" class="${look}" text-anchor="${anchor}">${markup(text)}</text>`;
const line = (from, look) => `<path d="${from}" class="${look}"/>`;
const draw = (key, x, y) =>
  `<path d="${marks[key].shape}" transform="translate(${round(x)} ${round(y)})" class="${key}"/>`;

const compared = [
  ["publish", "publish, classic"],
  ["publish-quorum", "publish, quorum"],
  ["drain", "drain, 1 at a time"],
  ["drain-100", "drain, 100 at a time"],
];

/** Draws what was measured on each RabbitMQ version: the rates as ratios, and the cost of properties. */
export function drawChart(results) {
  const rows = compared.flatMap(([part, name]) =>
    Object.entries(results)
      .filter(([, parts]) => parts[part] !== undefined)
      .map(([version, parts]) => ({ label: `${name}, ${version}`, figures: parts[part].figures })),
  );
  const curves = Object.entries(results)
    .map(([version, { properties }]) => ({ version, points: pointsOf(properties?.figures ?? []) }))
    .filter(({ points }) => points.length > 0);
  if (rows.length === 0 || curves.length === 0) return;
  const height = TOP + Math.max(rows.length * ROW, 190) + 56;
  const title = "Tasks per second, and what a message's properties cost the broker";
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${title}</title>`,
    `<desc id="description">${markup(describe(rows, curves))}</desc>`,
    `<style>\n${style}\n${colors("light")}\n@media (prefers-color-scheme:dark){${colors("dark")}}\n</style>`,
    `<rect x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="8" class="ground"/>`,
    words(18, 32, title, "title"),
    ...drawRatios(rows, height - 56),
    ...drawCosts(curves, height - 56),
    "</svg>",
  ];
  writeFileSync(path, `${text.join("\n")}\n`);
}

/** The broker's µs of processor time per task, by bytes of properties. */
const pointsOf = (figures) =>
  figures
    .filter(({ brokerCpu }) => brokerCpu !== null)
    .map(({ bytes, brokerCpu }) => ({ bytes, cost: brokerCpu.median }))
    .sort((a, b) => a.bytes - b.bytes);

function drawRatios(rows, bottom) {
  const shown = (figures) => figures.filter(({ key }) => marks[key] !== undefined);
  const most = Math.max(...rows.flatMap(({ figures }) => shown(figures).map((one) => one.toAmqplib.median)));
  const end = Math.max(1.25, Math.ceil(most * 4) / 4);
  const x = (ratio) => 170 + (ratio / end) * 240;
  const drawn = [words(18, 58, "Tasks per second; 1 is bare amqplib in the same run", "run")];
  let legend = 24;
  for (const [key, { name }] of Object.entries(marks)) {
    drawn.push(draw(key, legend, 78), words(legend + 11, 82, name, "axis"));
    legend += 34 + name.length * 6;
  }
  for (let ratio = 0; ratio <= end; ratio += end > 2 ? 0.5 : 0.25) {
    drawn.push(line(`M${round(x(ratio))} ${TOP}V${bottom}`, ratio === 1 ? "mark mdim" : "grid"));
    drawn.push(words(x(ratio), bottom + 18, ratio.toString(), "axis dim", "middle"));
  }
  for (const [at, { label, figures }] of rows.entries()) {
    const y = TOP + ((at + 0.5) * (bottom - TOP)) / rows.length;
    drawn.push(words(160, y + 4, label, "axis", "end"));
    for (const { key, toAmqplib } of shown(figures).reverse()) drawn.push(draw(key, x(toAmqplib.median), y));
  }
  return drawn;
}

function drawCosts(curves, bottom) {
  const most = Math.max(...curves.flatMap(({ points }) => points.map(({ cost }) => cost))) * 1.1;
  const x = (bytes) => 490 + (bytes / 84) * 280;
  const y = (cost) => bottom - (cost / most) * (bottom - TOP);
  const drawn = [words(448, 58, "The broker's µs of processor time per task", "run")];
  for (let cost = 0; cost <= most; cost += most > 40 ? 20 : 10) {
    drawn.push(line(`M490 ${round(y(cost))}H770`, "grid"));
    drawn.push(words(483, y(cost) + 4, cost.toString(), "axis dim", "end"));
  }
  for (const bytes of [0, 16, 32, 48, 64, 80])
    drawn.push(words(x(bytes), bottom + 18, bytes.toString(), "axis dim", "middle"));
  drawn.push(line(`M${round(x(64))} ${TOP}V${bottom}`, "mark mdim"));
  drawn.push(words(630, bottom + 38, "bytes of properties", "axis dim", "middle"));
  for (const { version, points } of curves) {
    for (const { bytes, cost } of points) drawn.push(draw("limit", x(bytes), y(cost)));
    drawn.push(words(778, y(points.at(-1).cost) + 4, version, "axis"));
  }
  return drawn;
}

function describe(rows, curves) {
  const ratios = rows.map(({ label, figures }) => {
    const each = figures.map(({ name, toAmqplib }) => `${name} ${toAmqplib.median.toFixed(2)}`);
    return `${label}: ${each.join(", ")}.`;
  });
  const costs = curves.map(({ version, points }) => {
    const each = points.map(({ bytes, cost }) => `${bytes} bytes ${cost.toFixed(0)} µs`);
    return `RabbitMQ ${version}, the broker's processor time per task by bytes of properties: ${each.join(", ")}.`;
  });
  return ["Tasks per second as ratios to bare amqplib.", ...ratios, ...costs].join(" ");
}
