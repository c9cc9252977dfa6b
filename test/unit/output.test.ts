import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Output } from "#dist/terminal/output.js";

/** An output whose two streams write down what they get, in order. */
function recorded() {
  const exiting = new EventEmitter();
  const written: string[] = [];
  const stdout = { write: (text: string) => written.push(`out: ${text}`) };
  const stderr = { write: (text: string) => written.push(`err: ${text}`) };
  return { output: new Output(stdout, stderr, exiting), written, exiting };
}

test("the lines of a turn wait for its end and go in one write", async () => {
  const { output, written } = recorded();
  output.out("one");
  output.out("two");
  assert.deepEqual(written, []);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(written, ["out: one\ntwo\n"]);
  output.out("three");
  await nextTurn();
  await nextTurn();
  assert.deepEqual(written, ["out: one\ntwo\n", "out: three\n"], "the next turn has a write of its own");
});

test("what is written after a turn's lines is also after them on the screen, on either stream", () => {
  const { output, written } = recorded();
  output.out("one");
  output.err("a warning");
  output.out("two");
  output.write("{}\n");
  assert.deepEqual(written, ["out: one\n", "err: a warning\n", "out: two\n{}\n"]);
});

test("text and flush go at once, and with nothing waiting a flush writes nothing", async () => {
  const { output, written } = recorded();
  output.flush();
  output.write("at once");
  output.out("one");
  output.flush();
  assert.deepEqual(written, ["out: at once", "out: one\n"]);
  await nextTurn();
  await nextTurn();
  assert.equal(written.length, 2, "the end of the turn has nothing left to write");
});

test("what still waits when the process ends is written", () => {
  const { output, written, exiting } = recorded();
  output.out("one");
  exiting.emit("exit");
  assert.deepEqual(written, ["out: one\n"]);
});

test("with a time each line begins with it, also the second of two in one; other text does not", () => {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  const output = new Output(stream, stream, new EventEmitter(), () => "10:00");
  output.out("one\ntwo");
  output.err("three");
  output.write("{}\n");
  assert.deepEqual(written, ["10:00 one\n10:00 two\n", "10:00 three\n", "{}\n"]);
});
