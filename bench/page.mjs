import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replaceMeasured } from "../scripts/measured.mjs";
import { targetsByVersion, targetTable } from "./tables.mjs";

const record = join(import.meta.dirname, "results.json");
const page = join(import.meta.dirname, "RESULTS.md");
const explained = join(import.meta.dirname, "../docs/performance.md");

/** The parts as they were last measured, by RabbitMQ version (major.minor) and name. */
export const readResults = () => (existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : {});

/** Keeps the results, those of parts and versions not run now too, and writes the pages of them, in the order of `parts`. */
export function writeResults(results, parts) {
  const versions = Object.keys(results)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((version) => [version, Object.keys(parts).filter((name) => results[version][name] !== undefined)])
    .filter(([, names]) => names.length > 0)
    .map(([version, names]) => [version, names.map((name) => [name, results[version][name]])]);
  const ordered = Object.fromEntries(
    versions.map(([version, measured]) => [version, Object.fromEntries(measured)]),
  );
  writeFileSync(record, `${JSON.stringify(ordered, null, 1)}\n`);
  const text = [
    "# Benchmark results",
    "Written by `npm run bench`; [README.md](README.md) says what is measured and how. Medians, with least and greatest in brackets.",
    ...versions.flatMap(([version, measured]) => [
      `## RabbitMQ ${version}`,
      ...measuredWhere(measured),
      targetTable(targetsOf(measured)),
      ...measured.flatMap(([, { title, text }]) => [`### ${title}`, text]),
    ]),
  ];
  writeFileSync(page, `${text.join("\n\n")}\n`);
  const targets = versions.map(([version, measured]) => [version, targetsOf(measured)]);
  replaceMeasured(explained, "targets", targetsByVersion(targets));
  const properties = versions.flatMap(([version]) => {
    const { text } = ordered[version].properties ?? {};
    return text === undefined ? [] : [`RabbitMQ ${version}:`, text];
  });
  if (properties.length > 0) replaceMeasured(explained, "properties", properties.join("\n\n"));
  return ordered;
}

const targetsOf = (measured) => measured.flatMap(([, { targets }]) => targets);

/** Parts that were measured on one day, machine and set of versions share a line. */
function measuredWhere(measured) {
  const places = new Set(measured.map(([, { where }]) => where));
  return [...places].map((where) => {
    const there = measured.filter(([, part]) => part.where === where);
    return `${there.map(([name, { seconds }]) => `${name} (${seconds} s)`).join(", ")}: ${where}.`;
  });
}
