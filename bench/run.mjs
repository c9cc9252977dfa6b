// Measures the built commands against bare amqplib, the limit of broker and machine, and other clients.
//   npm run bench                       every part: up to 12 minutes
//   npm run bench -- publish drain      some of them; the others keep their results
import { constants } from "node:os";
import { drawChart } from "./chart.mjs";
import { findClients } from "./clients.mjs";
import { describeMachine, installPeers } from "./machine.mjs";
import { readResults, writeResults } from "./page.mjs";
import { parts } from "./parts/parts.mjs";
import { outcome } from "./tables.mjs";
import { Testbed } from "./testbed.mjs";
import { warmUp } from "./work.mjs";

const words = process.argv.slice(2);
const unknown = words.find((word) => parts[word] === undefined);
if (unknown !== undefined) {
  process.stderr.write(`There is no part "${unknown}". Parts: ${Object.keys(parts).join(", ")}.\n`);
  process.exit(2);
}
const print = (text) => process.stderr.write(`[bench] ${text}\n`);

installPeers();
const testbed = new Testbed();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.once(signal, async () => {
    await testbed.end();
    process.exit(128 + constants.signals[signal]);
  });
try {
  await testbed.start();
  const clients = findClients(testbed);
  const { broker } = testbed;
  const version = broker.version.split(".", 2).join(".");
  const where = describeMachine(broker);
  await warmUp(testbed, clients);
  const results = readResults();
  for (const name of words.length > 0 ? words : Object.keys(parts)) {
    const { title, run } = parts[name];
    print(`${name}: ${title}`);
    const startedAt = performance.now();
    const found = await run(testbed, clients);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    results[version] = { ...results[version], [name]: { title, where, seconds, ...found } };
    drawChart(writeResults(results, parts));
    process.stdout.write(`\n${title} (${seconds} s)\n\n${found.text}\n\n`);
    for (const target of found.targets)
      process.stdout.write(`${target.what}: ${outcome(target)} (${target.is} ${target.bound})\n`);
  }
  print("All of it is in bench/RESULTS.md.");
} catch (error) {
  // Once it is stopped, whatever fails then fails because of that.
  if (!testbed.isEnding) {
    print(error.message);
    process.exitCode = 1;
  }
} finally {
  await testbed.end();
}
