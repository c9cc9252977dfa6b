import assert from "node:assert/strict";
import { test } from "node:test";
import { fairDispatch } from "#dist/lessons/fair-dispatch.js";
import { scaleOut } from "#dist/lessons/scale-out.js";
import { shareTheWork } from "#dist/lessons/share-the-work.js";
import { workerCrash } from "#dist/lessons/worker-crash.js";
import { buildTimeline } from "#dist/timeline/timeline.js";
import { openChannel } from "../support/queue.js";
import { play } from "./play.js";

test("share-the-work: two workers do five tasks, each once", async (t) => {
  const { measured } = await play(t, shareTheWork, 50);
  assert.deepEqual(
    measured.lanes.flatMap(({ bars }) => bars.map(({ label, end }) => `${label} ${end}`)).sort(),
    [
      "Fifth message..... done",
      "First message. done",
      "Fourth message.... done",
      "Second message.. done",
      "Third message... done",
    ],
  );
  assert.ok(measured.worked >= 15 * 0.05);
});

test("fair-dispatch: prefetch 1 is at least 1.3 times as fast as no limit", async (t) => {
  const { measured } = await play(t, fairDispatch, 300);
  assert.deepEqual(measured.unfair.done, { "worker-1": 4, "worker-2": 4 });
  assert.ok(measured.unfair.elapsed >= 1.3 * measured.fair.elapsed, JSON.stringify(measured));
  assert.ok(measured.fair.elapsed > 0.99 * measured.ideal); // the events are told to the ms
});

test("worker-crash: exactly one task is redelivered, and auto-ack loses some", async (t) => {
  const { measured, stage } = await play(t, workerCrash, 200);
  const { acked, autoAcked } = measured;
  assert.equal(acked.redelivered.length, 1);
  assert.deepEqual([acked.confirmed, acked.done, acked.left, acked.lost], [7, 7, 0, 0]);
  assert.ok(autoAcked.lost >= 1);
  assert.equal(autoAcked.confirmed, autoAcked.done + autoAcked.left + autoAcked.lost);
  assert.equal(autoAcked.lostTasks.length, autoAcked.lost);
  assert.deepEqual(autoAcked.redelivered, []);
  const [first, second] = stage.runs.map(({ events }) =>
    buildTimeline(events).lanes[0]?.bars.map(({ end }) => end),
  );
  assert.equal(first?.at(-1), "killed");
  assert.ok(second?.includes("lost") && !second.includes("killed"), String(second));
});

test("worker-crash: tasks that are over before anything could be killed end the lesson with an error", async (t) => {
  await assert.rejects(play(t, workerCrash, 20), /over before anything could be killed/);
});

test("scale-out: more workers are faster, and none beats the ideal", async (t) => {
  const { measured } = await play(t, scaleOut, 250);
  assert.deepEqual(
    measured.map(({ workers }) => workers),
    [1, 2, 4, 8],
  );
  for (const { elapsed, ideal } of measured) assert.ok(elapsed > 0.99 * ideal, JSON.stringify(measured));
  const [one, two, four] = measured.map(({ elapsed }) => elapsed);
  assert.ok((one ?? 0) > 1.3 * (two ?? 0) && (two ?? 0) > 1.3 * (four ?? 0), JSON.stringify(measured));
});

test("a lesson on somebody's broker uses a queue of its own there and deletes it", async (t) => {
  const { stage } = await play(t, shareTheWork, 10);
  const channel = await openChannel(t);
  const queue = stage.runs[0]?.events.find((event) => event.event === "consuming");
  assert.ok(queue?.event === "consuming" && queue.queue.startsWith("lesson-share-the-work-"));
  await channel.checkQueue(queue.queue);
  await stage.close();
  await assert.rejects(channel.checkQueue(queue.queue), /NOT_FOUND/);
  await assert.rejects(stage.killBroker(), { code: "USAGE" });
});
