// Type-checks and compiles the tests, starts the RabbitMQs that test files share, runs them with Node's test runner,
// and afterwards looks for what they may have left behind.
//   npm test                                   the quick ones: all but those in test/slow and test/browser
//   npm run test:slow                          those in test/slow
//   npm test -- test/unit/printable.test.ts    some files or folders, of either
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SharedBrokers } from "./shared-brokers.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
if (process.env.TASK_QUEUE_IMAGE === "") delete process.env.TASK_QUEUE_IMAGE; // empty is not set

rmSync("build/test", { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "test/tsconfig.json"], {
  stdio: "inherit",
});
if (tsc.status !== 0) process.exit(1);

/** Folders whose tests have a command of their own: scripts/browser.mjs, and `npm run test:slow`. */
const apart = ["browser", "slow"];

/** The compiled test files in a folder, or the one file. */
function testsIn(path) {
  const built = path.replace(/^(\.\/)?test\b/, "build/test").replace(/\.ts$/, ".js");
  if (!existsSync(built)) {
    process.stderr.write(`There is no ${path}.\n`);
    process.exit(2);
  }
  if (!statSync(built).isDirectory()) return [built];
  return readdirSync(built, { recursive: true })
    .filter((name) => name.endsWith(".test.js"))
    .map((name) => join(built, name))
    .sort();
}

const asked = process.argv.slice(2);
const quick = readdirSync("build/test").filter((name) => !apart.includes(name));
const files = (asked.length > 0 ? asked : quick.map((name) => `test/${name}`)).flatMap(testsIn);

// Temporary files go to a folder of this run's own: what is in it afterwards was left behind.
const temporary = mkdtempSync(join(tmpdir(), "task-queue-tests-"));

const brokers = await SharedBrokers.start();
const { url, adminUrl, description } = brokers.common;
const version = brokers.common.run("rabbitmqctl", "version").trim();
process.stdout.write(`RabbitMQ ${version} for the tests: ${url}, from ${description}\n`);
// Many wait for a timer or the broker most of the time; those in test/slow measure, or need both cores; one in
// test/browser floods the broker.
const has = (folder) => asked.some((path) => path.includes(folder));
const atATime = has("browser") ? 1 : has("slow") ? 2 : 4;
const runner = spawn(
  process.execPath,
  [
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${atATime}`,
    `--test-timeout=${process.env.CHAOS === "long" ? 1_800_000 : 300_000}`,
    ...files,
  ],
  {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      TEST_BROKER_URL: url,
      TEST_ADMIN_URL: adminUrl,
      TEST_BROKERS: brokers.address,
      TMPDIR: temporary,
      NODE_COMPILE_CACHE: join(root, "build/compile-cache"),
    },
  },
);
// Ctrl-C reaches the runner by itself; this process stays to clear up.
process.on("SIGINT", () => {});
const [code] = await once(runner, "exit");
await brokers.stop();

const left = readdirSync(temporary);
for (const name of left) process.stdout.write(`Left behind: ${name}\n`);
rmSync(temporary, { recursive: true, force: true });
process.exitCode = code === 0 && left.length === 0 ? 0 : 1;
