import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PrivateBroker } from "../dist/broker/private-broker.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** How long a window may take to show what is waited for, in ms. */
const PATIENCE_MS = 60_000;

/** The windows of README's "In three terminals": where they are drawn, in columns and rows. */
const windows = [
  { title: "terminal 1", left: 0, top: 0, columns: 50, rows: 9 },
  { title: "terminal 2", left: 54, top: 0, columns: 50, rows: 9 },
  { title: "terminal 3", left: 0, top: 12, columns: 104, rows: 10 },
];

/** Types README's commands into three real terminals (tmux) and returns a picture of their windows, as SVG. */
export async function threeTerminals() {
  const folder = mkdtempSync(join(tmpdir(), "task-queue-picture-"));
  const terminals = new Terminals(folder);
  const broker = await PrivateBroker.start({ standardPorts: true });
  try {
    const [one, two, three] = windows.map((window, at) => terminals.open(window, `w${at}`, broker.url));
    for (const worker of [one, two]) {
      worker.type("worker");
      await worker.shows(/Waiting for messages/);
    }
    for (const [number, message] of ["First message.", "Second message..", "Third message..."].entries()) {
      three.type(`new-task ${message}`);
      await three.shows(/(listening[\s\S]*){N}\$ *$/.source.replace("N", String(number + 1)));
    }
    await one.shows(/(Done[\s\S]*){2}Waiting[^\n]*\s*$/);
    await two.shows(/Done[\s\S]*Waiting[^\n]*\s*$/);
    return draw([one, two, three].map((window) => window.lines()));
  } finally {
    terminals.close();
    await broker.stop();
    rmSync(folder, { recursive: true });
  }
}

class Terminals {
  #folder;

  constructor(folder) {
    this.#folder = folder;
    mkdirSync(join(folder, "bin"));
    for (const command of ["new-task", "worker"]) {
      const path = join(folder, "bin", command);
      writeFileSync(
        path,
        `#!/bin/sh\nexec '${process.execPath}' '${join(root, `dist/bin/${command}.js`)}' "$@"\n`,
      );
      chmodSync(path, 0o755);
    }
    writeFileSync(join(folder, "rc"), "PS1='$ '\n");
  }

  #tmux(...words) {
    const { status, stdout, stderr } = spawnSync(
      "tmux",
      ["-S", join(this.#folder, "tmux"), "-f", "/dev/null", ...words],
      {
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(`tmux ${words.join(" ")}: ${stderr}`);
    return stdout;
  }

  open({ columns, rows }, name, url) {
    const env = {
      PATH: `${join(this.#folder, "bin")}:${process.env.PATH}`,
      AMQP_URL: url,
      TASK_QUEUE_OPEN: "no",
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
    };
    const set = Object.entries(env).map(([variable, value]) => `${variable}='${value}'`);
    const shell = `exec env -i ${set.join(" ")} bash --noprofile --rcfile '${join(this.#folder, "rc")}' -i`;
    this.#tmux("new-session", "-d", "-s", name, "-x", String(columns), "-y", String(rows + 30), shell);
    this.#tmux("set-option", "-t", name, "status", "off");
    const screen = (...more) => this.#tmux("capture-pane", "-p", ...more, "-t", name);
    return {
      type: (text) => this.#tmux("send-keys", "-t", name, text, "Enter"),
      lines: () => screen("-e").trimEnd().split("\n"),
      shows: async (pattern) => {
        const wanted = new RegExp(pattern);
        for (const until = Date.now() + PATIENCE_MS; !wanted.test(screen().trimEnd()); await sleep(50))
          if (Date.now() > until) throw new Error(`Window ${name} does not show ${wanted}:\n${screen()}`);
      },
    };
  }

  close() {
    spawnSync("tmux", ["-S", join(this.#folder, "tmux"), "kill-server"], { stdio: "ignore" });
  }
}

const COLUMN = 8;
const ROW = 19;
const MARGIN = 16;
/** The bar with a window's title. */
const BAR = 28;

/** SGR codes (ECMA-48, 8.3.117) to classes; 0 and others end them. */
const classes = { 2: "dim", 31: "red", 32: "green", 33: "yellow", 36: "cyan" };

function draw(screens) {
  const parts = windows.map(({ title, left, top, columns, rows }, at) => {
    const lines = screens[at];
    if (lines.length > rows) throw new Error(`${title} has ${lines.length} lines, more than ${rows}.`);
    const x = MARGIN + left * COLUMN;
    const y = MARGIN + top * ROW;
    const width = columns * COLUMN + 2 * 10;
    const height = BAR + rows * ROW + 8;
    const text = lines.map(
      (line, row) =>
        `<text x="${x + 10}" y="${y + BAR + 16 + row * ROW}" xml:space="preserve">${spans(line)}</text>`,
    );
    return [
      `<rect class="window" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`,
      `<path class="edge" d="M${x} ${y + BAR}h${width}"/>`,
      `<text class="dim" x="${x + 10}" y="${y + 19}">${title}</text>`,
      ...text,
    ].join("\n");
  });
  const width = 2 * MARGIN + Math.max(...windows.map(({ left, columns }) => (left + columns) * COLUMN + 20));
  const height = 2 * MARGIN + Math.max(...windows.map(({ top, rows }) => (top + rows) * ROW + BAR + 8));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">Three terminals: two workers share the three messages that new-task sends</title>
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; }
.window { fill: #ffffff; stroke: #d1d9e0; } .edge { stroke: #d1d9e0; } .dim { fill: #59636e; }
.green { fill: #116329; } .cyan { fill: #0550ae; } .yellow { fill: #7d4e00; } .red { fill: #c9252d; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; } .window { fill: #0d1117; stroke: #3d444d; } .edge { stroke: #3d444d; } .dim { fill: #9ba5b0; }
.green { fill: #7ee787; } .cyan { fill: #79c0ff; } .yellow { fill: #e3b341; } .red { fill: #ff7b72; }
}
</style>
${parts.join("\n")}
</svg>
`;
}

/** A captured line as text with a tspan for each colour. */
function spans(line) {
  let shown = "";
  let name = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what the terminal was sent.
  for (const [, codes, text] of `\x1b[0m${line}`.matchAll(/\x1b\[([\d;]*)m([^\x1b]*)/g)) {
    name = codes.split(";").reduce((_, code) => classes[code] ?? "", name);
    const safe = text.replace(/[&<>]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[one]);
    shown += name === "" || safe === "" ? safe : `<tspan class="${name}">${safe}</tspan>`;
  }
  return shown;
}
