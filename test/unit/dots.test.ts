import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Task } from "#dist/engine/task.js";
import { workDots } from "#dist/work/dots.js";

/** The longest delay a Node timer keeps, in ms; one that is set longer fires after 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

const dots = (number: number): Task => new Task("1", Buffer.from(".".repeat(number)));
const timers = (): number => process.getActiveResourcesInfo().filter((what) => what === "Timeout").length;

/** Begins a task; gives what becomes of it, its progress so far, and the way to abort it. */
function work(task: Task, dotMs: number) {
  const abort = new AbortController();
  const progress: number[] = [];
  const context = {
    ...{ attempt: 1, redelivered: false, deliveryCount: undefined, headers: {} },
    signal: abort.signal,
    progress: (dotsDone: number) => progress.push(dotsDone),
  };
  return { result: workDots(dotMs)(task, context), progress, abort };
}

/** Puts time into the test's hands: it passes only as told, and timers fire `lateness` ms late. */
function ownTime(t: TestContext, lateness = 0): (ms: number) => void {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { setTimeout } = globalThis;
  t.mock.method(globalThis, "setTimeout", (done: () => void, ms: number) => setTimeout(done, ms + lateness));
  return (ms) => {
    for (let passed = 0; passed < ms; passed++) {
      now++;
      t.mock.timers.tick(1);
    }
  };
}

test("a task without a dot is done at once, without a timer", () => {
  const before = timers();
  for (const { result, progress } of [work(dots(0), 1_000), work(dots(3), 0)]) {
    assert.equal(result, undefined);
    assert.deepEqual(progress, []);
  }
  assert.equal(timers(), before);
});

test("a task takes its number of dots times the time of one, or longer", async () => {
  for (const [number, dotMs] of [
    [1, 40],
    [3, 30],
    [7, 10.5],
    [500, 0.2],
  ] as const) {
    const startedAt = performance.now();
    await work(dots(number), dotMs).result;
    const elapsed = performance.now() - startedAt;
    assert.ok(elapsed >= number * dotMs, `${number} dots of ${dotMs} ms took ${elapsed} ms`);
  }
});

test("a task ends after its time and not before, however late each of its timers is", async (t) => {
  for (const lateness of [0, 30])
    await t.test(`${lateness} ms`, async (t) => {
      const pass = ownTime(t, lateness);
      const { result } = work(dots(10), 200);
      let ended = false;
      const watched = Promise.resolve(result).then(() => {
        ended = true;
      });
      pass(1_999);
      await Promise.resolve();
      assert.equal(ended, false);
      pass(1 + lateness); // once late, not ten times
      await watched;
    });
});

test("progress counts the dots done up to the last but one: the last one is the end", (t) => {
  const pass = ownTime(t);
  const { progress } = work(dots(4), 1_000);
  pass(999);
  assert.deepEqual(progress, []);
  pass(1);
  assert.deepEqual(progress, [1]);
  pass(3_000);
  assert.deepEqual(progress, [1, 2, 3]);
});

test("progress of quick dots is reported ten times a second and not for each of them", (t) => {
  const pass = ownTime(t);
  const { progress } = work(dots(350), 1);
  pass(350);
  assert.deepEqual(progress, [100, 200, 300]);
});

test("progress tells what late timers have missed in one number", (t) => {
  const pass = ownTime(t, 250);
  const { progress } = work(dots(10), 100);
  pass(1_250);
  assert.deepEqual(progress, [3, 6, 9]);
});

test("an aborted task rejects with the reason and leaves no timer", async () => {
  const before = timers();
  const { result, abort } = work(dots(1), 3_600_000);
  assert.equal(timers(), before + 1);
  const reason = new Error("connection lost");
  abort.abort(reason);
  assert.equal(timers(), before);
  await assert.rejects(async () => result, reason);
});

test("a task aborted after its end stays done", async () => {
  const before = timers();
  const { result, abort } = work(dots(1), 5);
  await result;
  abort.abort();
  await result;
  assert.equal(timers(), before);
});

test("C12: work longer than a timer can hold does not end at once, and can be aborted", async (t) => {
  const before = timers();
  const { mock } = t.mock.method(globalThis, "setTimeout");
  for (const dotMs of [2 ** 31, 2 ** 32, 1e15]) {
    const { result, abort } = work(dots(2), dotMs);
    let ended = false;
    const watched = Promise.resolve(result).finally(() => {
      ended = true;
    });
    await work(dots(1), 20).result; // set after it and for longer than the 1 ms of a timer out of range
    assert.equal(ended, false);
    abort.abort(new Error("enough"));
    await assert.rejects(watched, /enough/);
  }
  assert.ok(mock.callCount() >= 6);
  for (const { arguments: given } of mock.calls) assert.ok(Number(given[1]) <= LONGEST_TIMER);
  assert.equal(timers(), before);
});
