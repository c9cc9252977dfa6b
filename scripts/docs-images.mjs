// Makes docs/images/*.svg: for each lesson the timeline of a real run, three real terminals (needs tmux), and the page of task-queue live.
//   npm run docs:images                       every picture
//   npm run docs:images -- worker-crash       those named: lessons, three-terminals, live
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { lessons } from "../dist/lessons/lessons.js";
import { threeTerminals } from "./terminal-picture.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const script = join(root, "dist/bin/task-queue.js");

mkdirSync(join(root, "docs/images"), { recursive: true });
const names = process.argv.slice(2);
for (const name of names.length > 0
  ? names
  : ["three-terminals", ...lessons.map(({ name }) => name), "live"]) {
  if (name === "live") {
    await import("./live-image.mjs");
    continue;
  }
  if (name === "three-terminals") {
    writeFileSync(join(root, "docs/images/three-terminals.svg"), await threeTerminals());
    continue;
  }
  const args = ["lesson", name, "--svg", join(root, "docs/images", `${name}.svg`)];
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: "inherit" });
  if (status !== 0) throw new Error(`task-queue ${args.join(" ")} ended with exit code ${status}.`);
}
