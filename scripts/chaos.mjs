// The long fault suite: minutes. Prints its seed; the same seed strikes at the same tasks.
//   npm run test:chaos
//   npm run test:chaos -- 42
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const seed = process.argv[2] ?? String(Math.floor(Math.random() * 1e9));
process.stdout.write(`seed ${seed}\n`);
const runner = fileURLToPath(new URL("test.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [runner, "test/chaos/faults.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, CHAOS: "long", CHAOS_SEED: seed },
});
process.exitCode = status ?? 1;
