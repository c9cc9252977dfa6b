import type { Row } from "./measure.js";
import { number } from "./outcome.js";

const heads = [
  "What happens",
  "Pair",
  "Believed sent",
  "Lost",
  "Done twice",
  "Begun twice",
  "The sender",
  "The workers",
  "Next task done after",
];

/** One row of the table as Markdown; its fault is named unless the row above has the same. */
export function markdownRow({ fault, pair, outcome }: Row, above?: Row): string {
  const title = above?.fault === fault ? "" : `${fault.number}. ${fault.title}`;
  if (typeof outcome === "string")
    return line([title, pair.title, "", "", "", "", `not measured: ${outcome}`]);
  const { sent, lost, doneTwice, begunTwice, sender, workers, nextTask } = outcome;
  const numbers = [sent, lost, doneTwice, begunTwice].map(number);
  return line([title, pair.title, ...numbers, sender, workers, nextTask]);
}

/** The table as Markdown. */
export function markdownTable(rows: Row[]): string {
  const rule = heads.map((_, at) => (at >= 2 && at <= 5 ? "---:" : "---"));
  return [line(heads), line(rule), ...rows.map((row, at) => markdownRow(row, rows[at - 1]))].join("\n");
}

const line = (cells: string[]): string =>
  `| ${heads.map((_, at) => (cells[at] ?? "").replaceAll("|", "\\|")).join(" | ")} |`;
