import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { Output } from "#dist/terminal/output.js";
import { Redraw } from "#dist/terminal/redraw.js";
import type { Terminal } from "#dist/terminal/terminal.js";

/** A terminal of so many rows that writes down what it is sent. */
function screen(
  isTTY: boolean,
  rows: number,
  keep: "first" | "last" = "first",
): { redraw: Redraw; written: string[] } {
  const written: string[] = [];
  const stdout = { isTTY, columns: 40, rows, write: (text: string) => written.push(text) };
  const output = new Output(stdout, stdout, new EventEmitter());
  const terminal = { stdout, output, env: {} };
  return { redraw: new Redraw(terminal as unknown as Terminal, keep), written };
}

test("each drawing goes up by the rows of the one before and wipes what is left of it", () => {
  const { redraw, written } = screen(true, 24);
  redraw.draw(["one", "two", "three"]);
  redraw.draw(["four"]);
  redraw.draw(["five"]);
  assert.deepEqual(written, [
    "one\x1b[K\ntwo\x1b[K\nthree\x1b[K\n\x1b[J",
    "\x1b[3Ffour\x1b[K\n\x1b[J",
    "\x1b[1Ffive\x1b[K\n\x1b[J",
  ]);
});

test("more lines than the terminal has rows are cut, for it could not go up so far", () => {
  // Of five rows one is the cursor's, and one stays free: some terminals keep what is wiped from the first.
  for (const [keep, shown] of [
    ["first", "one\x1b[K\ntwo\x1b[K\n…\x1b[K\n\x1b[J"],
    ["last", "two\x1b[K\nthree\x1b[K\nfour\x1b[K\n\x1b[J"],
  ] as const) {
    const { redraw, written } = screen(true, 5, keep);
    redraw.draw(["one", "two", "three", "four"]);
    redraw.draw(["five"]);
    assert.deepEqual(written, [shown, "\x1b[3Ffive\x1b[K\n\x1b[J"]);
  }
});

test("as many lines as there is room for are all shown", () => {
  for (const keep of ["first", "last"] as const) {
    const { redraw, written } = screen(true, 5, keep);
    redraw.draw(["one", "two", "three"]);
    assert.deepEqual(written, ["one\x1b[K\ntwo\x1b[K\nthree\x1b[K\n\x1b[J"]);
  }
});

test("after the size has changed it begins on an empty screen", () => {
  const { redraw, written } = screen(true, 24);
  redraw.draw(["one", "two"]);
  redraw.clear();
  redraw.draw(["three"]);
  assert.deepEqual(written.slice(1), ["\x1b[H\x1b[2J", "three\x1b[K\n\x1b[J"]);
});

test("where there is no terminal the lines are written one block after another, whole", () => {
  const { redraw, written } = screen(false, 2);
  redraw.draw(["one", "two", "three"]);
  redraw.clear();
  assert.deepEqual(written, ["one\ntwo\nthree\n\n"]);
  assert.equal(redraw.columns, Number.POSITIVE_INFINITY);
});
