import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replaceMeasured } from "../scripts/measured.mjs";
import { table } from "./tables.mjs";
import { isMet } from "./targets.mjs";

const record = join(import.meta.dirname, "results.json");
const page = join(import.meta.dirname, "RESULTS.md");
const explained = join(import.meta.dirname, "../docs/performance.md");

/** The parts as they were last measured, by name. */
export const readResults = () => (existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {});

/** Keeps the results, those of parts not run now too, and writes the pages of them, in the order of `parts`. */
export function writeResults(results, parts) {
  const known = Object.keys(parts).filter((name) => results[name] !== undefined);
  const ordered = Object.fromEntries(known.map((name) => [name, results[name]]));
  writeFileSync(record, `${JSON.stringify(ordered, null, 1)}\n`);
  const rows = known.flatMap((name) => results[name].targets.map(targetRow));
  const targets = table(["target", "bound", "measured", ""], rows);
  const text = [
    "# Benchmark results",
    "Written by `npm run bench`; [README.md](README.md) says what is measured and how. Medians, with least and greatest in brackets.",
    "## Targets",
    targets,
    ...measuredWhere(known, results),
    ...known.flatMap((name) => [`## ${results[name].title}`, results[name].text]),
  ];
  writeFileSync(page, `${text.join("\n\n")}\n`);
  replaceMeasured(explained, "targets", targets);
}

/** Parts that were measured on one day, machine and set of versions share a line. */
function measuredWhere(known, results) {
  const places = new Set(known.map((name) => results[name].where));
  return [...places].map((where) => {
    const there = known.filter((name) => results[name].where === where);
    return `${there.map((name) => `${name} (${results[name].seconds} s)`).join(", ")}: ${where}.`;
  });
}

function targetRow(target) {
  const { what, bound, measured, is } = target;
  return [
    what,
    `${is === "at least" ? "≥" : "≤"} ${bound}`,
    measured.toFixed(measured < 10 ? 3 : 0),
    isMet(target) ? "met" : "**missed**",
  ];
}
