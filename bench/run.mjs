// Measures the built commands against the limit of broker and machine and against other clients.
//   npm run bench                       every part: up to 15 minutes
//   npm run bench -- publish drain      some of them; the others keep their results
import { constants } from "node:os";
import { drawChart } from "./chart.mjs";
import { findClients } from "./clients.mjs";
import { circumstances } from "./machine.mjs";
import { readResults, writeResults } from "./page.mjs";
import { parts } from "./parts/parts.mjs";
import { installPeers } from "./provide.mjs";
import { Stage } from "./stage.mjs";
import { isMet } from "./targets.mjs";
import { warmUp } from "./work.mjs";

const words = process.argv.slice(2);
const unknown = words.find((word) => parts[word] === undefined);
if (unknown !== undefined) {
  process.stderr.write(`There is no part "${unknown}". Parts: ${Object.keys(parts).join(", ")}.\n`);
  process.exit(2);
}
const say = (text) => process.stderr.write(`[bench] ${text}\n`);

installPeers();
const stage = new Stage();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.once(signal, async () => {
    await stage.end();
    process.exit(128 + constants.signals[signal]);
  });
try {
  await stage.start();
  const clients = findClients(stage);
  const where = circumstances(stage);
  await warmUp(stage, clients);
  const results = readResults();
  for (const name of words.length > 0 ? words : Object.keys(parts)) {
    const { title, run } = parts[name];
    say(`${name}: ${title}`);
    const startedAt = performance.now();
    const found = await run(stage, clients);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    results[name] = { title, where, seconds, ...found };
    writeResults(results, parts);
    drawChart(results);
    process.stdout.write(`\n${title} (${seconds} s)\n\n${found.text}\n\n`);
    for (const target of found.targets)
      process.stdout.write(
        `${isMet(target) ? "met" : "MISSED"}: ${target.what}: ${target.measured.toFixed(3)} (${target.is} ${target.bound})\n`,
      );
  }
  say("All of it is in bench/RESULTS.md.");
} catch (error) {
  // Told to stop, whatever fails then fails because of it.
  if (!stage.isEnding) {
    say(error.message);
    process.exitCode = 1;
  }
} finally {
  await stage.end();
}
