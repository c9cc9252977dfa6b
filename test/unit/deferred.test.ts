import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import { type EngineEvent, stamp, type WorkQueueEvent } from "#dist/engine/events.js";
import { Task } from "#dist/engine/task.js";
import { deferred, Gathered } from "#dist/terminal/output.js";

const done: EngineEvent = { event: "task-done", task: new Task("1", Buffer.from("a")), seconds: 0 };

function tell() {
  const exiting = new EventEmitter();
  const passed: string[][] = [];
  const heard = new EventEmitter();
  const report = stamp(
    "worker",
    deferred((events: readonly WorkQueueEvent[]) => {
      passed.push(events.map(({ event }) => event));
      heard.emit("passed");
    }, exiting),
  );
  return { exiting, passed, heard, report };
}

test("frequent events wait for the end of the turn, and come together", async () => {
  const { passed, heard, report } = tell();
  report(done);
  report(done);
  assert.deepEqual(passed, []);
  await once(heard, "passed");
  assert.deepEqual(passed, [["task-done", "task-done"]]);
});

test("any other event comes at once, behind those that wait", () => {
  const { passed, report } = tell();
  report(done);
  report({ event: "unblocked" });
  assert.deepEqual(passed, [["task-done", "unblocked"]]);
});

test("what still waits when the process ends is passed on", () => {
  const { exiting, passed, report } = tell();
  report(done);
  exiting.emit("exit");
  assert.deepEqual(passed, [["task-done"]]);
});

test("lines that are gathered are one write, and stay in order with what goes to another stream", () => {
  const written: string[] = [];
  const out = new Gathered({ write: (text) => written.push(text) });
  out.gather(() => {
    out.write("one\n");
    out.write("two\n");
    out.flush();
    written.push("a warning\n");
    out.write("three\n");
  });
  out.write("four\n");
  assert.deepEqual(written, ["one\ntwo\n", "a warning\n", "three\n", "four\n"]);
});
