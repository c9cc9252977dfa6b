import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

// On a copy of the source: what is wrong must not be left in it.
const root = fileURLToPath(new URL("../../../", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "layers-"));
after(() => rmSync(copy, { recursive: true }));
for (const name of ["biome.json", "package.json", "src"])
  cpSync(join(root, name), join(copy, name), { recursive: true });

/** A file that imports something and uses it. */
const importing = (from: string): string => `import { it } from "${from}";\n\nexport const mine = it;\n`;

const files: { path: string; text: string; breaks: string[] }[] = [
  { path: "src/engine/up.ts", text: importing("../commands/worker.js"), breaks: ["noRestrictedImports"] },
  {
    path: "src/engine/connection/up.ts",
    text: importing("../publish/publisher.js"),
    breaks: ["noRestrictedImports"],
  },
  { path: "src/engine/connection/flags.ts", text: importing("commander"), breaks: ["noRestrictedImports"] },
  { path: "src/engine/manage/colour.ts", text: importing("chalk"), breaks: ["noRestrictedImports"] },
  { path: "src/commands/inside.ts", text: importing("amqplib"), breaks: ["noRestrictedImports"] },
  { path: "src/commands/up.ts", text: importing("../bin/parse.js"), breaks: ["noRestrictedImports"] },
  { path: "src/live/up.ts", text: importing("../commands/worker.js"), breaks: ["noRestrictedImports"] },
  { path: "src/lessons/up.ts", text: importing("../live/live.js"), breaks: ["noRestrictedImports"] },
  { path: "src/live/page/node.ts", text: importing("node:fs"), breaks: ["noRestrictedImports"] },
  {
    path: "src/live/page/up.ts",
    text: importing("../../text/printable.js"),
    breaks: ["noRestrictedImports"],
  },
  { path: "src/terminal/inside.ts", text: importing("amqplib"), breaks: ["noRestrictedImports"] },
  { path: "src/text/up.ts", text: importing("../engine/errors.js"), breaks: ["noRestrictedImports"] },
  {
    path: "src/engine/prints.ts",
    text: 'console.log("one");\n',
    breaks: ["noConsole", "noRestrictedGlobals"],
  },
  {
    path: "src/engine/consume/environment.ts",
    text: "export const home = process.env;\n",
    breaks: ["noRestrictedGlobals"],
  },
  { path: "src/engine/circle-a.ts", text: importing("./circle-b.js"), breaks: ["noImportCycles"] },
  { path: "src/engine/circle-b.ts", text: importing("./circle-a.js"), breaks: ["noImportCycles"] },
  { path: "src/engine/fine.ts", text: importing("./errors.js"), breaks: [] },
  { path: "src/engine/connection/fine.ts", text: importing("amqplib"), breaks: [] },
  { path: "src/commands/fine.ts", text: importing("../engine/errors.js"), breaks: [] },
  { path: "src/live/fine.ts", text: importing("../engine/errors.js"), breaks: [] },
  { path: "src/live/page/fine.ts", text: importing("../ledger.js"), breaks: [] },
  { path: "src/bin/fine.ts", text: "export const home = process.env;\n", breaks: [] },
];

test("the linter keeps the rooms: arrows run down only, in no circle, and amqplib, the console and the process stay where they belong", () => {
  for (const { path, text } of files) writeFileSync(join(copy, path), text);
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const words = ["lint", "--vcs-enabled=false", "--reporter=github", "--max-diagnostics=none", "src"];
  const ended = spawnSync(process.execPath, [biome, ...words], { cwd: copy, encoding: "utf8" });
  const found: Record<string, string[]> = {};
  for (const [, rule = "", place = ""] of ended.stdout.matchAll(/title=lint\/\w+\/(\w+),file=([^,]+),/g)) {
    const path = place.slice(place.lastIndexOf("src/"));
    if (!files.some((file) => file.path === path)) continue; // the lint of the source itself is another matter
    found[path] ??= [];
    if (!found[path].includes(rule)) found[path].push(rule);
  }
  for (const rules of Object.values(found)) rules.sort();
  const wrong = files.filter(({ breaks }) => breaks.length > 0).map(({ path, breaks }) => [path, breaks]);
  assert.deepEqual(found, Object.fromEntries(wrong), ended.stdout + ended.stderr);
});
