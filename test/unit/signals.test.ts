import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { setTimeout as elapse } from "node:timers/promises";
import { onStopSignals, signalExitCode } from "#dist/commands/signals.js";

/** Longer than a repeat may be behind the first signal to be taken for the same one, in ms. */
const LATER = 300;

function listening() {
  const source = new EventEmitter();
  const heard: string[] = [];
  const off = onStopSignals(source, {
    first: (signal) => heard.push(`first ${signal}`),
    second: (signal) => heard.push(`second ${signal}`),
  });
  return { source, heard, off };
}

test("the first stop signal, whichever it is, asks for an end", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"]) {
    const { source, heard } = listening();
    source.emit(signal, signal);
    assert.deepEqual(heard, [`first ${signal}`]);
  }
});

test("a repeat that comes at once is the same Ctrl-C, delivered twice", () => {
  const { source, heard } = listening();
  for (const signal of ["SIGINT", "SIGINT", "SIGTERM"]) source.emit(signal, signal);
  assert.deepEqual(heard, ["first SIGINT"]);
});

test("each later signal is a second one", async () => {
  const { source, heard } = listening();
  source.emit("SIGINT", "SIGINT");
  await elapse(LATER);
  source.emit("SIGTERM", "SIGTERM");
  source.emit("SIGINT", "SIGINT");
  assert.deepEqual(heard, ["first SIGINT", "second SIGTERM", "second SIGINT"]);
});

test("once it is off, nothing listens any more", () => {
  const { source, heard, off } = listening();
  assert.ok(source.eventNames().length > 0);
  off();
  source.emit("SIGINT", "SIGINT");
  assert.deepEqual(source.eventNames(), []);
  assert.deepEqual(heard, []);
});

test("a signal's exit code is 128 and its number", () => {
  assert.equal(signalExitCode("SIGINT"), 130);
  assert.equal(signalExitCode("SIGTERM"), 143);
  assert.equal(signalExitCode("SIGHUP"), 129);
});
