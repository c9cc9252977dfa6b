// The long fault suite: minutes. Prints its seed; the same seed strikes at the same tasks.
//   npm run test:chaos
//   npm run test:chaos -- 42
//   npm run test:chaos -- 1 2 3 --write     several seeds, and the table of docs/reliability.md
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { replaceMeasured } from "./measured.mjs";

const words = process.argv.slice(2);
const given = words.filter((word) => /^\d+$/.test(word));
const seeds = given.length > 0 ? given : [String(Math.floor(Math.random() * 1e9))];
const runner = fileURLToPath(new URL("test.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "chaos-results-"));
const results = join(folder, "rounds.ndjson");
let failed = false;
for (const seed of seeds) {
  process.stdout.write(`seed ${seed}\n`);
  const files = [
    "test/slow/chaos/faults.test.ts",
    "test/slow/cluster.test.ts",
    "test/slow/long-file.test.ts",
  ];
  const { status } = spawnSync(process.execPath, [runner, ...files], {
    stdio: "inherit",
    env: { ...process.env, CHAOS: "long", CHAOS_SEED: seed, CHAOS_RESULTS: results },
  });
  failed ||= status !== 0;
}
const rounds = readFileSync(results, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
rmSync(folder, { recursive: true });
const text = table(rounds);
process.stdout.write(`\n${text}\n`);
if (words.includes("--write") && !failed) replaceMeasured("docs/reliability.md", "faults", text);
process.exitCode = failed ? 1 : 0;

function table(rounds) {
  const count = (number) => number.toLocaleString("en-US");
  const seconds = (ms) => (ms / 1000).toFixed(1);
  const rows = rounds.map((round) => {
    const resumed = Object.values(round.resumedMs)
      .flat()
      .sort((a, b) => a - b);
    const median = resumed[Math.floor(resumed.length / 2)] ?? 0;
    const { workerKilled, nodeKilled, connectionClosed, networkCut, consumersCancelled } = round.faults;
    return [
      round.what,
      round.seed,
      `${workerKilled} + ${nodeKilled} + ${connectionClosed} + ${networkCut} + ${consumersCancelled}`,
      count(round.confirmed),
      `**${count(round.lost)}**`,
      count(round.twice),
      count(round.sentAgain),
      `${seconds(median)} s (${seconds(resumed.at(-1) ?? 0)} s)`,
    ];
  });
  const head = [
    "queue",
    "seed",
    "faults: workers killed + nodes killed + connections closed + network cut + consumers cancelled",
    "confirmed",
    "lost",
    "done again",
    "published again",
    "working again after: median (longest)",
  ];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
