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

const subcommands = ["broker", "lesson", "timeline", "live", "status", "purge", "delete", "dead", "admin"];
/** By what is typed. */
const helps = new Map([
  ...["new-task", "worker", "task-queue"].map((name): [string, string] => [name, help(name)]),
  ...subcommands.map((name): [string, string] => [`task-queue ${name}`, help("task-queue", name)]),
]);

/** Every long option and environment variable that a text names. */
const named = (text: string): Set<string> =>
  new Set(text.match(/(?<![\w-])--[a-z][a-z-]+|\b(?:AMQP|TASK)_[A-Z_]+\b/g) ?? []);

test("every option and variable of the help texts is in the README", () => {
  const readme = named(read("README.md"));
  for (const option of [...helps.values()].flatMap((text) => [...named(text)])) {
    if (option === "--not-an-option") continue; // the example of a message that looks like one
    assert.ok(readme.has(option), `${option} is not in the README`);
  }
});

test("every option and variable that the README names for our commands exists", () => {
  const inHelp = new Set([...helps.values()].flatMap((text) => [...named(text)]));
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
    /^--(?!queue-type|json|timestamps|explain|no-color|help|version)/.test(name),
  );
  assert.match(
    readme,
    /`status`, `purge` and `delete` stand[^#]* the options above that say where .*\sand `--wait`/,
  );
  for (const command of ["status", "purge", "delete", "live"]) {
    const options = taken(command);
    for (const option of [...where, "--wait"]) assert.ok(options.includes(option), `${command}: ${option}`);
  }
  const [, admin = ""] = readme.match(/`admin` takes ([^.;]*)/) ?? [];
  assert.deepEqual([...named(admin)].sort(), taken("admin").sort());
});

test("help fits 80 columns and has the exit codes, and the notes, of that command alone", () => {
  const signalled = ["new-task", "worker", "task-queue lesson"];
  for (const [name, text] of helps) {
    for (const line of text.split("\n"))
      assert.ok(line.length <= 80, `${name}: ${line.length} columns: ${line}`);
    for (const code of ["0 ", "1 ", "2 "]) assert.match(text, new RegExp(`\\n {2}${code}`), name);
    assert.equal(/\n {2}130 /.test(text), signalled.includes(name), `${name}: 130`);
    assert.equal(text.includes("Durations read"), text.includes("<duration>"), `${name}: durations`);
    // Where help breaks a line it may break this too.
    assert.equal(text.includes("A flag beats its"), /\(?env:\s/.test(text), `${name}: variables`);
  }
  for (const code of ["0", "1", "2", "130, 143"]) assert.ok(read("README.md").includes(`| ${code} |`), code);
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

/** What README calls the walk: for each file, those of which at least one imports it. */
const walk: [file: string, importedBy: string[]][] = [
  ["src/bin/new-task.ts", []],
  ["src/commands/new-task.ts", ["src/bin/new-task.ts"]],
  ["src/engine/publish/publisher.ts", ["src/commands/new-task.ts"]],
  ["src/engine/publish/publish-channel.ts", ["src/engine/publish/publisher.ts"]],
  ["src/bin/worker.ts", []],
  ["src/commands/worker.ts", ["src/bin/worker.ts"]],
  ["src/engine/consume/consumer.ts", ["src/commands/worker.ts"]],
  ["src/engine/consume/task-runner.ts", ["src/engine/consume/consumer.ts"]],
  ["src/work/dots.ts", ["src/commands/worker.ts"]],
  ["src/engine/consume/delivery.ts", ["src/engine/consume/task-runner.ts"]],
];

/** How it stays connected. */
const sideWalk: typeof walk = [
  ["src/engine/connection/session.ts", ["src/engine/publish/publisher.ts", "src/engine/consume/consumer.ts"]],
  ["src/engine/connection/connection.ts", ["src/engine/connection/session.ts"]],
  [
    "src/engine/connection/declare-queue.ts",
    ["src/engine/publish/publish-channel.ts", "src/engine/consume/consumer.ts"],
  ],
];

/** The files of ours that a file imports, at the start or when it gets there. */
const imports = (file: string): string[] =>
  [...read(file).matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path = ""]) =>
    join(dirname(file), path).replace(/\.js$/, ".ts"),
  );

test("the README's walk of a task and its side walk: the files are there, and each is imported by the one before", () => {
  const section = read("README.md")
    .split(/^## /m)
    .find((one) => one.includes("src/bin/new-task.ts"));
  assert.ok(section !== undefined, "no section of the README has the walk");
  const named = [...new Set(section.match(/src\/[\w/-]+\.ts/g))];
  assert.deepEqual(
    named,
    [...walk, ...sideWalk].map(([file]) => file),
  );
  for (const [file, importedBy] of [...walk, ...sideWalk]) {
    assert.ok(existsSync(join(root, file)), file);
    for (const importer of importedBy)
      assert.ok(imports(importer).includes(file), `${importer} does not import ${file}`);
  }
});

test("amqplib's inside is touched in amqplib-patches.ts alone", () => {
  // amqplib is imported in the engine alone: see the linter's rules.
  for (const path of readdirSync(join(root, "src/engine"), { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts") || path.endsWith("amqplib-patches.ts")) continue;
    const [inside] =
      read(join("src/engine", path)).match(/channels\[|\.buffer\b|sendImmediately|frameMax/) ?? [];
    assert.equal(inside, undefined, path);
  }
});

test("docs/promises.md has a row for every code in a test's title, and its file has the code", () => {
  const codes = new Map<string, string>();
  for (const path of readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".test.ts")) continue;
    const text = read(join("test", path));
    // Titles, also those that are put together from a table's `what`.
    for (const [title] of text.matchAll(/(?<=\b(?:test\(|what:)\s*)(?:"[^"\n]*"|`[^`]*`)/g))
      for (const [code] of title.matchAll(/\b[PCNTDL]\d+\b/g)) codes.set(code, path);
  }
  assert.ok(codes.size > 20, `${codes.size} codes`);
  const page = read("docs/promises.md");
  const rows = new Map(
    [...page.matchAll(/^\| ([A-Z]\d+) \|.*$/gm)].map(([row, code = ""]) => [
      code,
      row.match(/test\/[\w./-]+\.test\.ts/g) ?? [],
    ]),
  );
  for (const [code, path] of codes) assert.ok(rows.has(code), `${code} of test/${path} has no row`);
  for (const [code, files] of rows) {
    assert.ok(files.length > 0, `the row of ${code} names no test file`);
    for (const file of files) {
      assert.ok(existsSync(join(root, file)), `${code}: there is no ${file}`);
      assert.match(read(file), new RegExp(`\\b${code}\\b`), `${file} does not have ${code}`);
    }
  }
});

test("docs/lessons.md has a step for every lesson, in their order, with its picture of a real run; its links exist", () => {
  const page = read("docs/lessons.md");
  for (const { name, question } of lessons) {
    assert.ok(page.includes(`\n    task-queue lesson ${name}\n`), name);
    assert.ok(page.includes(`](images/${name}.svg)`), name);
    assert.ok(read(`docs/images/${name}.svg`).includes(`<title id="title">${question}</title>`), name);
  }
  const steps = [...page.matchAll(/^ {4}task-queue lesson ([\w-]+)$/gm)].map(([, name = ""]) => name);
  assert.deepEqual(
    steps,
    lessons.map(({ name }) => name),
    "in the order of the list",
  );
  const anchors = [...page.matchAll(/^## (.*)$/gm)].map(
    ([, heading = ""]) => `#${heading.toLowerCase().replaceAll(" ", "-")}`,
  );
  for (const [, target = ""] of page.matchAll(/\]\((?!https?:)([^)]+)\)/g))
    assert.ok(anchors.includes(target) || existsSync(join(root, "docs", target)), target);
  const files = readdirSync(join(root, "docs/images")).filter((file) => file.endsWith(".svg"));
  const others = ["performance", "three-terminals"];
  const pictures = files.map((file) => file.slice(0, -4)).filter((name) => !others.includes(name));
  assert.deepEqual(pictures.sort(), lessons.map(({ name }) => name).sort());
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
