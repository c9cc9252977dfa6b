// Makes docs/images/*.svg: what a terminal shows of a real run, as text in an SVG.
//   npm run docs:images
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const columns = 92;
const cell = { width: 8.4, height: 18 };
const margin = 16;

const pictures = [
  {
    name: "share-the-work",
    shown: "npm run demo",
    words: ["lesson", "share-the-work"],
    title: "Two workers share the five tasks of the tutorial",
    description:
      "Terminal output of npm run demo: two workers wait, new-task sends five tasks, and a timeline shows which worker did which task when.",
  },
];

/** Runs task-queue in a pseudo-terminal and returns what it wrote. */
function capture(words) {
  const script = join(root, "dist/bin/task-queue.js");
  const line = `stty cols ${columns} rows 40; exec '${process.execPath}' '${script}' ${words.join(" ")}`;
  const { NO_COLOR, ...rest } = process.env;
  const env = { ...rest, TERM: "xterm-256color", FORCE_COLOR: "1" };
  const { status, stdout } = spawnSync("script", ["-qefc", line, "/dev/null"], { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`task-queue ${words.join(" ")} ended with ${status}:\n${stdout}`);
  return stdout.replaceAll("\r", "").trimEnd().split("\n");
}

const colors = { 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan" };

// biome-ignore lint/suspicious/noControlCharactersInRegex: an SGR escape begins with one.
const sgr = /(\x1b\[[\d;]*m)/;

/** One line with SGR escapes as runs of text in one style. */
function runs(line) {
  const found = [];
  let style = new Set();
  let column = 0;
  for (const part of line.split(sgr)) {
    const codes = sgr.test(part) ? part.slice(2, -1) : undefined;
    if (codes === undefined) {
      if (part !== "") found.push({ text: part, column, style: [...style].join(" ") });
      column += [...part].length;
      continue;
    }
    for (const code of codes.split(";").map(Number)) {
      if (code === 0) style = new Set();
      else if (code === 1) style.add("bold");
      else if (code === 2) style.add("dim");
      else if (code === 22) style = new Set([...style].filter((one) => one !== "bold" && one !== "dim"));
      else style = new Set([...style].filter((one) => !Object.values(colors).includes(one)));
      if (code in colors) style.add(colors[code]);
    }
  }
  return found;
}

const markup = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const round = (number) => Number(number.toFixed(1));

function draw({ title, description, shown }, lines) {
  const width = round(columns * cell.width + 2 * margin);
  const height = (lines.length + 1) * cell.height + 2 * margin;
  const text = [`\x1b[2m$\x1b[22m ${shown}`, ...lines].flatMap((line, row) =>
    runs(line).map(({ text: said, column, style }) => {
      const x = round(margin + column * cell.width);
      const y = margin + (row + 0.75) * cell.height;
      // textLength keeps the columns straight whatever font there is.
      const length = round([...said].length * cell.width);
      return `<text x="${x}" y="${y}" textLength="${length}"${style === "" ? "" : ` class="${style}"`}>${markup(said)}</text>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xml:space="preserve" role="img" aria-labelledby="title description">
<title id="title">${markup(title)}</title>
<desc id="description">${markup(description)}</desc>
<style>
text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d6deeb; }
.bold { font-weight: bold; } .dim { fill: #8a9bb0; }
.red { fill: #ff6b6b; } .green { fill: #7fd88f; } .yellow { fill: #f2cc60; } .blue { fill: #79b8ff; }
.magenta { fill: #d2a8ff; } .cyan { fill: #5ccfe6; }
</style>
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
${text.join("\n")}
</svg>
`;
}

mkdirSync(join(root, "docs/images"), { recursive: true });
for (const picture of pictures) {
  const file = join(root, "docs/images", `${picture.name}.svg`);
  writeFileSync(file, draw(picture, capture(picture.words)));
  process.stdout.write(`docs/images/${picture.name}.svg\n`);
}
