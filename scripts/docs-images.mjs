// Makes docs/images/*.svg: the timelines of real runs, one of each lesson.
//   npm run docs:images                    all of them
//   npm run docs:images -- worker-crash    some
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { lessons } from "../dist/lessons/lessons.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const script = join(root, "dist/bin/task-queue.js");

mkdirSync(join(root, "docs/images"), { recursive: true });
const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : lessons.map(({ name }) => name)) {
  const words = ["lesson", name, "--svg", join(root, "docs/images", `${name}.svg`)];
  const { status } = spawnSync(process.execPath, [script, ...words], { stdio: "inherit" });
  if (status !== 0) throw new Error(`task-queue ${words.join(" ")} ended with ${status}.`);
}
