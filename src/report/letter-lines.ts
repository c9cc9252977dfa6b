import type { ChalkInstance } from "chalk";
import type { Letter } from "../engine/manage/dead-letters.js";
import { fit } from "../text/columns.js";
import { count } from "../text/numbers.js";
import { printable, printableBody } from "../text/printable.js";
import { reasonLine } from "./event-line.js";

/** The longest line of a body or a header that is shown, in characters. */
const LONGEST = 8 * 1024;

/** A dead letter in three lines: its id and when, the task, and why. @param columns no line is wider */
export function letterLines(letter: Letter, columns: number, colors: ChalkInstance): string[] {
  const { id, reason, task } = letter;
  return [
    `${colors.bold(printable(id))}  ${history(letter)}`,
    `  '${printableBody(task.body)}'`,
    `  ${reason === null ? "reason unknown" : reasonLine(reason)}`,
  ].map((line, at) => (at === 0 || columns === Number.POSITIVE_INFINITY ? line : fit(line, columns)));
}

/** All there is of a dead letter. */
export function wholeLetterLines(letter: Letter, colors: ChalkInstance): string[] {
  const { id, reason, exitCode, signal, worker, firstFailedAt, task, headers } = letter;
  const facts: [string, string | null][] = [
    ["dead since", history(letter)],
    ["first failed", firstFailedAt === null ? null : localTime(firstFailedAt)],
    ["worker", worker],
    ["exit code", exitCode === null ? null : String(exitCode)],
    ["signal", signal],
  ];
  const own = /^x-(attempt|first-failed-at|failure)$/;
  const others = Object.entries(headers).filter(([name]) => !own.test(name));
  const { text } = task;
  return [
    colors.bold(printable(id)),
    ...facts.flatMap(([name, fact]) =>
      fact === null ? [] : [`  ${colors.dim(name.padEnd(12))}  ${printable(fact)}`],
    ),
    ...section("Why", (reason ?? "not known").split("\n"), colors),
    ...(others.length === 0
      ? []
      : section(
          "Headers",
          others.map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
          colors,
        )),
    ...(text === undefined
      ? ["", colors.bold("Body"), `  ${printableBody(task.body, LONGEST)}`]
      : section(`Body, ${count(task.bytes, "byte")}`, text.split("\n"), colors)),
  ];
}

const section = (title: string, lines: readonly string[], colors: ChalkInstance): string[] => [
  "",
  colors.bold(title),
  ...lines.map((line) => `  ${printable(line, LONGEST)}`),
];

function history({ at, attempts }: Letter): string {
  const when = at === null || at === "" ? "time unknown" : localTime(at);
  return attempts === null ? when : `${when}, ${count(attempts, "attempt")}`;
}

/** `2026-11-24 14:51:36` here; a text that is no time as it is. */
function localTime(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? printable(at, 40) : date.toLocaleString("sv-SE");
}
