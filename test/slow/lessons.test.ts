import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerRestart } from "#dist/lessons/broker-restart.js";
import { confirms } from "#dist/lessons/confirms.js";
import { fairDispatch } from "#dist/lessons/fair-dispatch.js";
import { lessons } from "#dist/lessons/lessons.js";
import { scaleOut } from "#dist/lessons/scale-out.js";
import { workerCrash } from "#dist/lessons/worker-crash.js";
import { play, playWhole } from "../lessons/play.js";
import { start } from "../support/command.js";
import { leftRunning } from "../support/left-running.js";
import { ownTemporary } from "../support/own-temporary.js";
import { brokerUrl, management } from "../support/queue.js";

// Every lesson is played once; share-the-work and poison-task in test/lessons, for npm test; forgotten-ack in forgotten.test.ts.

test("all lessons are played", () => {
  assert.deepEqual(lessons.map(({ name }) => name).sort(), [
    "broker-restart",
    "confirms",
    "fair-dispatch",
    "forgotten-ack",
    "poison-task",
    "scale-out",
    "share-the-work",
    "worker-crash",
  ]);
});

test("fair-dispatch: prefetch 1 is at least 1.3 times as fast as no limit", async (t) => {
  const { measured } = await playWhole(t, fairDispatch, { dotMs: 300, url: brokerUrl });
  assert.deepEqual(measured.unfair.done, { "worker-1": 4, "worker-2": 4 });
  assert.ok(measured.unfair.elapsed >= 1.3 * measured.fair.elapsed, JSON.stringify(measured));
  assert.ok(measured.fair.elapsed > 0.99 * measured.ideal); // the times of events are whole ms
});

test("worker-crash: exactly one task is redelivered, and auto-ack loses some; no queue is left", async (t) => {
  const { measured, ends } = await playWhole(t, workerCrash, { dotMs: 200, url: brokerUrl });
  const { acked, autoAcked } = measured;
  assert.equal(acked.redelivered.length, 1);
  assert.deepEqual([acked.confirmed, acked.done, acked.left, acked.lost], [6, 6, 0, 0]);
  assert.ok(autoAcked.lost >= 1);
  assert.equal(autoAcked.confirmed, autoAcked.done + autoAcked.left + autoAcked.lost);
  assert.equal(autoAcked.lostTasks.length, autoAcked.lost);
  assert.deepEqual(autoAcked.redelivered, []);
  const [first, second] = ends.map((lanes) => lanes["worker-1"] ?? []);
  assert.equal(first?.at(-1), "killed");
  assert.ok(second?.includes("lost") && !second.includes("killed"), String(second));
  assert.equal(second?.filter((end) => end === "lost").length, autoAcked.lost);
  const queues = await management<{ name: string }[]>("queues?disable_stats=true");
  assert.deepEqual(
    queues.filter(({ name }) => name.startsWith("lesson-worker-crash")),
    [],
  );
});

test("worker-crash: tasks that are over before anything could be killed end the lesson with an error", async (t) => {
  await assert.rejects(play(t, workerCrash, 20), /over before anything could be killed/);
});

test("scale-out: more workers are faster, and none beats the ideal", async (t) => {
  const { measured } = await playWhole(t, scaleOut, { dotMs: 250, url: brokerUrl });
  assert.deepEqual(
    measured.map(({ workers }) => workers),
    [1, 2, 4, 8],
  );
  for (const { elapsed, ideal } of measured) assert.ok(elapsed > 0.99 * ideal, JSON.stringify(measured));
  const [one, two, four] = measured.map(({ elapsed }) => elapsed);
  assert.ok((one ?? 0) > 1.3 * (two ?? 0) && (two ?? 0) > 1.3 * (four ?? 0), JSON.stringify(measured));
});

test("broker-restart: every persistent task is done, every transient one is gone", async (t) => {
  const { measured } = await playWhole(t, brokerRestart, { dotMs: 250 });
  assert.deepEqual(measured.persistent, { confirmed: 6, done: 6, lost: 0 });
  assert.deepEqual(measured.transient, { confirmed: 4, done: 0, lost: 4 });
  // All six, unless a busy machine has let some be done before the kill.
  assert.ok(measured.found > 0 && measured.found <= 6, JSON.stringify(measured));
  assert.ok(measured.down > 0);
});

test("confirms: nothing that was confirmed is lost, and fire and forget believes in tasks that are gone", async (t) => {
  const { measured, ends } = await playWhole(t, confirms, { dotMs: 0 });
  const { confirmed, plain } = measured;
  assert.deepEqual([confirmed.believed, confirmed.stored, confirmed.lost], [20_000, 20_000, 0]);
  assert.ok(confirmed.again > 0 && confirmed.beforeCrash < confirmed.believed, JSON.stringify(confirmed));
  assert.ok(plain.lost > 0, JSON.stringify(plain));
  assert.equal(plain.believed, plain.stored + plain.lost);
  assert.deepEqual(ends[0], {
    broker: ["back"],
    "fire-and-forget": ["aborted"],
    "new-task": ["aborted", "done"],
  });
});

test("Ctrl-C while the broker is down clears everything up too", async (t) => {
  const temporary = ownTemporary(t);
  const lesson = start(t, "task-queue", ["lesson", "broker-restart"], temporary);
  await lesson.says("Reconnecting in");
  lesson.child.kill("SIGINT");
  assert.equal((await lesson.ended).code, 130);
  assert.deepEqual(temporary.left(), []);
  assert.deepEqual(leftRunning(temporary.env.TMPDIR), []);
});
