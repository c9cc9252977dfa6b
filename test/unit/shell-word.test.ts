import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { printable } from "#dist/text/printable.js";
import { shellWord } from "#dist/text/shell-word.js";

const bash = spawnSync("bash", ["-c", ""]).status === 0;

test("a word that is copied is the same text again, whatever is in it, and none of it acts on a terminal", {
  skip: !bash && "bash is needed to read the words",
}, () => {
  const texts = [
    ...["", "plain", "it's", "two words", "a\\b", '$HOME `id` "x" !! \\n', "漢字 é 🐇", "\\x41"],
    ...["\x1b[2J\x07", "a\nb\r\t", "it's \x1b a\\b", "\x9b2J", "abc\u202edef\u200b", "\x01f0", "\u{e0001}"],
    ...["q".repeat(400), `${"é ".repeat(300)}\x1b`],
  ];
  for (const text of texts) {
    const word = shellWord(text);
    assert.equal(printable(word, Number.POSITIVE_INFINITY), word);
    const { stdout } = spawnSync("bash", ["-c", `printf %s ${word}`], { encoding: "utf8" });
    assert.equal(stdout, text, word);
  }
});

test("a word that needs no quotes has none", () => {
  for (const text of ["task_queue", "amqp://joe@h:5672/a%2Fb", "dist/bin/worker.js", "a-b+c"])
    assert.equal(shellWord(text), text);
  assert.equal(shellWord("two words"), "'two words'");
});
