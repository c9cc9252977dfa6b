import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { lessons } from "#dist/lessons/lessons.js";
import { Running, script } from "./command.js";
import { standInBrowser } from "./stand-in-browser.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What a line of a page's shell blocks starts with; other indented blocks are no shell's. */
const shell = /^(new-task|worker|task-queue|seq|npm|npx|docker|export|git|node|[A-Z_]+=)(\s|$|\S)/;

/** Every command line of README and docs as it stands there, without its comment. */
export const documentedLines: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].flatMap((page) => {
  const blocks = readFileSync(join(root, page), "utf8").matchAll(/(?<=\n\n)(?: {4}.*\n)+/g);
  return [...blocks].flatMap(([block]) =>
    block
      .split("\n")
      .map((line) =>
        line
          .replace(/^ {4}(terminal \d)? *(\$ )?/, "")
          .replace(/\s{2,}#.*$/, "")
          .trim(),
      )
      .filter((line) => shell.test(line)),
  );
});

const anyLesson = new RegExp(`^task-queue lesson (${lessons.map(({ name }) => name).join("|")})$`);

/** Why no test runs a line as it stands; the first that fits. */
const reasons: [line: RegExp, reason: string][] = [
  [
    /^npm test|^npm run (test|bench|reliability|build|format|docs)|^[A-Z_]+=\S+ npm/,
    "a command of development",
  ],
  [
    /^npm run (setup|demo|live)|^npm (install|ci)|^git clone/,
    "changes the machine, or is what set up this clone",
  ],
  [/^worker .*-- (convert|examples|python3)/, "test/commands/examples.test.ts runs the examples"],
  [/^task-queue dead \w+ [<a-z0-9]/, "names a dead letter: test/commands/dead.test.ts has some"],
  [/^docker|--image/, "needs Docker: test/commands/container.test.ts has what is told about containers"],
  [/^export|password@host/, "names a broker that is nobody's"],
  [/^node bench|^node /, "a command of development"],
  [/amqp:\/\/localhost$|amqp:\/\/rabbit-1/, "needs a RabbitMQ at the standard port"],
  [anyLesson, "test/slow/lessons.test.ts runs every lesson"],
];

export const whyNotRun = (line: string): string | undefined => reasons.find(([one]) => one.test(line))?.[1];

/** Whether it takes so long that it is run in test/slow. */
export const isSlow = (line: string): boolean => /^task-queue (lesson .*\s|broker)/.test(line);

/** A folder with all that is in the repository's root, to which lines may write, and the commands on the PATH. */
export function rootFolder(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "documented-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of readdirSync(root)) symlinkSync(join(root, name), join(folder, name));
  const outside = mkdtempSync(join(tmpdir(), "documented-"));
  t.after(() => rmSync(outside, { recursive: true, force: true }));
  for (const name of ["bin", "home", "tmp"]) mkdirSync(join(outside, name));
  for (const command of ["new-task", "worker", "task-queue"] as const) {
    const path = join(outside, "bin", command);
    writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} ${script(command)} "$@"\n`);
    chmodSync(path, 0o755);
  }
  return {
    folder,
    env: {
      PATH: `${join(outside, "bin")}:${process.env["PATH"]}`,
      HOME: join(outside, "home"),
      TMPDIR: join(outside, "tmp"),
    },
  };
}

/** Runs a line as it stands in a terminal of that folder; every question is answered with y. */
export function typeLine(
  t: TestContext,
  line: string,
  { folder, env }: ReturnType<typeof rootFolder>,
  more: NodeJS.ProcessEnv = {},
): Running {
  const browser = standInBrowser(t);
  // An interrupted shell would end with 130, whatever the command ended with.
  const typed = `trap : INT; stty cols 200 rows 50; cd '${folder}'; ${line}`;
  const running = new Running(t, "script", ["-qefc", typed, "/dev/null"], {
    env: { TERM: "xterm", SHELL: "/bin/sh", ...browser.env, ...env, ...more },
  });
  let answered = 0;
  running.child.stdout?.on("data", () => {
    const asked = running.stdout.split("[y/N]").length - 1;
    for (; answered < asked; answered++) running.child.stdin?.write("y\r");
  });
  return running;
}
