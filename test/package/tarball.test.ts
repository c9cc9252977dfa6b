import assert from "node:assert/strict";
import { readFileSync, statSync, symlinkSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { after, test } from "node:test";
import { Consumer, manifest, root } from "./consumer.js";

const consumer = new Consumer({ after });

/** The script of a development tool's command. */
function tool(name: string, command: string): string {
  const folder = join(root, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as typeof manifest;
  return join(folder, bin[command] ?? "");
}

test("publint finds nothing to say about the package", () => {
  const { status, stdout, stderr } = consumer.node(
    tool("publint", "publint"),
    "run",
    consumer.tarball,
    "--strict",
  );
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /All good!/);
});

test("the types resolve as the code does, for every way to import it", () => {
  // Its one rule that does not hold any more: every Node of our engines can require() an ES module.
  const words = ["--ignore-rules", "cjs-resolves-to-esm", "--no-color", "--no-emoji"];
  const { status, stdout, stderr } = consumer.node(
    tool("@arethetypeswrong/cli", "attw"),
    consumer.tarball,
    ...words,
  );
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /No problems found/);
});

test("it is loaded by import and by require(), without a warning, and they give the same", () => {
  const print = 'console.log(Object.keys(library).sort().join(" "));';
  consumer.write("by-import.mjs", `import * as library from "rabbitmq-work-queue";\n${print}`);
  consumer.write("by-require.cjs", `const library = require("rabbitmq-work-queue");\n${print}`);
  const [imported, required] = ["by-import.mjs", "by-require.cjs"].map((script) => consumer.node(script));
  assert.match(imported?.stdout ?? "", /createPublisher .*publishTasks startWorker/);
  assert.equal(imported?.stderr, "");
  assert.deepEqual({ ...required, pid: 0, output: 0 }, { ...imported, pid: 0, output: 0 });
});

test("importing it loads amqplib, and no package of the commands", () => {
  consumer.write(
    "loaded.mjs",
    `import { Session } from "node:inspector";
    const session = new Session();
    session.connect();
    const loaded = [];
    session.on("Debugger.scriptParsed", ({ params }) => loaded.push(params.url));
    session.post("Debugger.enable");
    await import("rabbitmq-work-queue");
    console.log(loaded.filter((url) => !url.startsWith("node:")).join("\\n"));`,
  );
  const { stdout, stderr } = consumer.node("loaded.mjs");
  const packages = new Set(
    [...stdout.matchAll(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//g)].map(([, name]) => name),
  );
  assert.deepEqual([...packages].sort(), ["amqplib", manifest.name], stderr);
  // Nor our own files behind them.
  const rooms = new Set(
    [...stdout.matchAll(/\/rabbitmq-work-queue\/dist\/(\w+)\//g)].map(([, room]) => room),
  );
  assert.deepEqual([...rooms].sort(), ["engine", "text", "work"]);
});

test("the commands are executable as they are built, and packed", {
  skip: process.platform === "win32" && "Windows knows no such mode",
}, () => {
  for (const folder of [root, consumer.installed])
    for (const file of Object.values(manifest.bin))
      assert.equal(statSync(join(folder, file)).mode & 0o111, 0o111, join(folder, file));
});

test("npx finds a command of the package's name, which is task-queue", () => {
  assert.equal(manifest.bin[manifest.name], manifest.bin["task-queue"]);
  const link = join(consumer.folder, manifest.name); // as npm links it
  symlinkSync(join(consumer.installed, manifest.bin[manifest.name] ?? ""), link);
  const { status, stdout, stderr } = consumer.node(link, "--help");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^Usage: task-queue /);
});

test("every link of its pages leads to a file of the package, or is an address", () => {
  const files = new Set(consumer.files);
  const pages = [...files].filter((path) => path.endsWith(".md"));
  assert.ok(pages.includes("README.md") && pages.includes("SECURITY.md") && pages.includes("CHANGELOG.md"));
  for (const page of pages) {
    const text = readFileSync(join(consumer.installed, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|#)/.test(target)) continue;
      const path = posix.join(dirname(page), target.replace(/#.*/, ""));
      assert.ok(files.has(path), `${page}: ${target}`);
    }
  }
});
