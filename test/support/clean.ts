import assert from "node:assert/strict";

/** What a terminal could act on, or what would forge a line; a newline is the one control character allowed. */
const hostile = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** The longest line for a person: 200 characters of a task, 400 of an error, and the words around them. */
const LONGEST = 700;

/** Asserts that a command's output does nothing to a terminal but put lines on it, of bounded width. */
export function assertClean(output: string, longest = LONGEST): void {
  const found = hostile.exec(output);
  const around = found === null ? "" : output.slice(Math.max(found.index - 40, 0), found.index + 40);
  assert.equal(
    found,
    null,
    `a raw U+${found?.[0].codePointAt(0)?.toString(16)} in ${JSON.stringify(around)}`,
  );
  for (const line of output.split("\n"))
    assert.ok(line.length <= longest, `a line of ${line.length} characters: ${line.slice(0, 100)}`);
}
