import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { lessons } from "#dist/lessons/lessons.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const help = (...words: string[]): string =>
  execFileSync(process.execPath, [join(root, `dist/bin/${words[0]}.js`), ...words.slice(1), "--help"], {
    encoding: "utf8",
  });

const subcommands = ["broker", "lesson", "timeline", "status", "purge", "delete", "admin"];
const helps = [help("new-task"), help("worker"), ...subcommands.map((name) => help("task-queue", name))];

/** Every long option and environment variable that a text names. */
const named = (text: string): Set<string> =>
  new Set(text.match(/(?<![\w-])--[a-z][a-z-]+|\b(?:AMQP|TASK)_[A-Z_]+\b/g) ?? []);

test("every option and variable of the help texts is in the README", () => {
  const readme = named(read("README.md"));
  for (const option of helps.flatMap((text) => [...named(text)])) {
    if (option === "--not-an-option") continue; // the example of a message that looks like one
    assert.ok(readme.has(option), `${option} is not in the README`);
  }
});

test("every option and variable that the README names for our commands exists", () => {
  const inHelp = new Set(helps.flatMap((text) => [...named(text)]));
  // npm's and docker's own options stand in lines of theirs.
  const lines = read("README.md")
    .split("\n")
    .filter((line) => !/docker compose|npm install/.test(line));
  for (const option of named(lines.join("\n"))) assert.ok(inHelp.has(option), `${option} is in no help text`);
});

test("the README says which options the commands about a queue take, and they do", () => {
  const readme = read("README.md");
  const taken = (command: string): string[] =>
    [...help("task-queue", command).matchAll(/^ {2}-\w, (--[a-z-]+)|^ {2,6}(--[a-z-]+)/gm)]
      .map(([, long, alone]) => long ?? alone ?? "")
      .filter((option) => !["--no-color", "--help", "--version"].includes(option));
  const [shared = ""] = readme.match(/## Options of both[\s\S]*?(?=\n## )/) ?? [];
  const where = [...named(shared)].filter((name) =>
    /^--(?!queue-type|json|explain|no-color|help|version)/.test(name),
  );
  assert.match(
    readme,
    /`status`, `purge` and `delete` stand[^#]* the options above that say where .*\sand `--wait`/,
  );
  for (const command of ["status", "purge", "delete"]) {
    const options = taken(command);
    for (const option of [...where, "--wait"]) assert.ok(options.includes(option), `${command}: ${option}`);
  }
  const [, admin = ""] = readme.match(/`admin` takes ([^.;]*)/) ?? [];
  assert.deepEqual([...named(admin)].sort(), taken("admin").sort());
});

test("every help text has the exit codes, and the README the same ones", () => {
  for (const text of helps)
    for (const code of ["0 ", "1 ", "2 ", "130 "]) assert.match(text, new RegExp(`\\n {2}${code}`));
  for (const code of ["0", "1", "2", "130, 143"]) assert.ok(read("README.md").includes(`| ${code} |`));
});

test("docs/events.md has exactly the events and error codes of the types", () => {
  const inTypes = (path: string, pattern: RegExp): string[] =>
    [...read(path).matchAll(pattern)].map(([, name]) => name ?? "").sort();
  const inDocs = (pattern: RegExp): string[] =>
    [...read("docs/events.md").matchAll(pattern)].map(([, name]) => name ?? "").sort();
  assert.deepEqual(inDocs(/^\| `([a-z-]+)` \|/gm), inTypes("src/engine/events.ts", /event: "([a-z-]+)"/g));
  assert.deepEqual(inDocs(/^\| `([A-Z_]+)` \|/gm), inTypes("src/engine/errors.ts", /^ {2}\| "([A-Z_]+)"/gm));
});

test("docs/events.md has exactly the fields of the status object, and of a worker in it", () => {
  const source = read("src/engine/manage/queue-status.ts");
  const fields = (type: string): string[] =>
    [...(source.split(`export interface ${type} {`)[1]?.split("\n}")[0] ?? "").matchAll(/^ {2}(\w+):/gm)]
      .map(([, name]) => name ?? "")
      .sort();
  const section = read("docs/events.md").split("## The status of a queue")[1]?.split("\n## ")[0] ?? "";
  const listed = [...section.matchAll(/^- (.*?):(?= )/gm)].flatMap(
    ([, names = ""]) => names.match(/\w+/g) ?? [],
  );
  assert.deepEqual(listed.sort(), fields("QueueStatus"));
  const [workers = ""] = section.match(/^- `workers`:[\s\S]*?(?=\n- )/m) ?? [];
  for (const field of fields("WorkerStatus")) assert.ok(workers.includes(`\`${field}\``), field);
});

test("the README has under 250 lines, and its links and pictures exist", () => {
  const readme = read("README.md");
  assert.ok(readme.split("\n").length < 250);
  for (const [, target = ""] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g))
    assert.ok(existsSync(join(root, target)), target);
  for (const [path = ""] of readme.matchAll(/src\/[\w/-]+\.ts/g))
    assert.ok(existsSync(join(root, path)), path);
});

test("docs/lessons.md has a step for every lesson, with its picture of a real run; its links exist", () => {
  const page = read("docs/lessons.md");
  for (const { name, question } of lessons) {
    assert.ok(page.includes(`\n    task-queue lesson ${name}\n`), name);
    assert.ok(page.includes(`](images/${name}.svg)`), name);
    assert.ok(read(`docs/images/${name}.svg`).includes(`<title id="title">${question}</title>`), name);
  }
  for (const [, target = ""] of page.matchAll(/\]\((?!https?:)([^)]+)\)/g))
    assert.ok(existsSync(join(root, "docs", target)), target);
  const files = readdirSync(join(root, "docs/images")).filter((file) => file.endsWith(".svg"));
  const pictures = files.map((file) => file.slice(0, -4)).filter((name) => name !== "performance");
  assert.deepEqual(pictures.sort(), lessons.map(({ name }) => name).sort());
});

test("no source or test file has over 250 lines", () => {
  for (const folder of ["src", "test", "scripts", "bench"])
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!/\.(ts|mjs|py|c|h)$/.test(path) || path.startsWith("node_modules")) continue;
      const lines = read(join(folder, path)).split("\n").length;
      assert.ok(lines <= 250, `${folder}/${path} has ${lines} lines`);
    }
});

test("the engine prints nothing, reads no environment, and knows neither commander nor chalk", () => {
  for (const path of readdirSync(join(root, "src/queue"))) {
    const text = read(join("src/queue", path));
    assert.doesNotMatch(text, /console\.|process\.(env|on|exit|stdout|stderr)|"(commander|chalk)"/, path);
  }
  for (const folder of readdirSync(join(root, "src"))) {
    if (folder === "bin" || !existsSync(join(root, "src", folder)) || folder.endsWith(".ts")) continue;
    for (const path of readdirSync(join(root, "src", folder)))
      assert.doesNotMatch(read(join("src", folder, path)), /from "commander"/, dirname(path));
  }
});

test("docker-compose.yml is for this machine only, keeps its data, and knows when RabbitMQ is ready", () => {
  const compose = read("docker-compose.yml");
  for (const line of [
    "image: rabbitmq:4-management",
    "hostname: rabbitmq",
    '- "127.0.0.1:5672:5672"',
    '- "127.0.0.1:15672:15672"',
    "rabbitmq-data:/var/lib/rabbitmq",
    "check_port_connectivity",
    "start_period: 30s",
  ])
    assert.ok(compose.includes(line), line);
});
