// Type-checks and compiles the tests, starts one private RabbitMQ for all of them, runs them with Node's test
// runner, and afterwards looks for what they may have left behind.
//   npm test                                   everything
//   npm test -- test/unit/printable.test.ts    some files
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PrivateBroker } from "../dist/broker/private-broker.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

rmSync("build/test", { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "test/tsconfig.json"], {
  stdio: "inherit",
});
if (tsc.status !== 0) process.exit(1);

const asked = process.argv
  .slice(2)
  .map((path) => path.replace(/^(\.\/)?test\//, "build/test/").replace(/\.ts$/, ".js"));
const all = readdirSync("build/test", { recursive: true })
  // Those in a browser have a command of their own: scripts/browser.mjs.
  .filter((path) => path.endsWith(".test.js") && !path.startsWith("browser"))
  .map((path) => join("build/test", path));
const files = asked.length > 0 ? asked : all.sort();

// Temporary files go to a folder of this run's own: what is in it afterwards was left behind.
const temporary = mkdtempSync(join(tmpdir(), "task-queue-tests-"));

const broker = await PrivateBroker.start();
process.stdout.write(`RabbitMQ for the tests: ${broker.url}, from ${broker.description}\n`);
const runner = spawn(
  process.execPath,
  [
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=2",
    `--test-timeout=${process.env.CHAOS === "long" ? 1_800_000 : 300_000}`,
    ...files,
  ],
  {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      TEST_BROKER_URL: broker.url,
      TEST_ADMIN_URL: broker.adminUrl,
      TMPDIR: temporary,
      NODE_COMPILE_CACHE: join(root, "build/compile-cache"),
    },
  },
);
// Ctrl-C reaches the runner by itself; this process stays to clear up.
process.on("SIGINT", () => {});
const [code] = await once(runner, "exit");
await broker.stop();

const left = readdirSync(temporary);
for (const name of left) process.stdout.write(`Left behind: ${name}\n`);
rmSync(temporary, { recursive: true, force: true });
process.exitCode = code === 0 && left.length === 0 ? 0 : 1;
