// Runs the same faults on this project's sender and worker and on the tutorials', and prints a table. Takes minutes.
//   npm run reliability                     every fault and every pair
//   npm run reliability -- ours 2 4         some of them: ours, javascript, python; faults 1 to 8
//   npm run reliability -- --write          all of them, and the table is written to docs/reliability.md
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PrivateBroker } from "../dist/broker/private-broker.js";
import { replaceMeasured } from "./measured.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const write = args.includes("--write");
const parts = args.filter((arg) => arg !== "--write");
const unknown = parts.find((part) => !/^([1-8]|ours|javascript|python)$/.test(part));
if (unknown !== undefined || (write && parts.length > 0)) {
  process.stderr.write(
    `${unknown === undefined ? "--write takes all parts" : `There is no part "${unknown}"`}; see the top of scripts/reliability.mjs.\n`,
  );
  process.exit(2);
}

rmSync(join(root, "build/test"), { recursive: true, force: true });
const compiler = join(root, "node_modules/typescript/bin/tsc");
const project = ["-p", join(root, "test/tsconfig.json")];
if (spawnSync(process.execPath, [compiler, ...project], { stdio: "inherit" }).status !== 0) process.exit(1);

const broker = await PrivateBroker.start();
process.env.TEST_BROKER_URL = broker.url;
process.env.TEST_ADMIN_URL = broker.adminUrl;
const { Reliability } = await import("../build/test/reliability/main.js");
const reliability = new Reliability(broker);
const clearUp = async () => {
  await reliability.end();
  await broker.stop();
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.once(signal, async () => {
    await clearUp();
    process.exit(128 + constants.signals[signal]);
  });
try {
  const table = await reliability.run(parts);
  process.stdout.write(`\n${table}\n`);
  if (write) replaceMeasured(join(root, "docs/reliability.md"), "peers", table);
} finally {
  await clearUp();
}
