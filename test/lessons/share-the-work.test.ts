import assert from "node:assert/strict";
import { test } from "node:test";
import { shareTheWork } from "#dist/lessons/share-the-work.js";
import type { Bar } from "#dist/timeline/timeline.js";
import { openChannel } from "../support/queue.js";
import { play, playWhole } from "./play.js";

test("share-the-work: two workers do five tasks, each once; text, picture, and nothing left", async (t) => {
  const { measured, ends } = await playWhole(t, shareTheWork, { dotMs: 50 });
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
  assert.equal(ends.length, 1);
  assert.deepEqual(Object.keys(ends[0] ?? {}), ["worker-1", "worker-2"]);
});

test("a task that was given up when the broker went away is not counted as done", () => {
  const bar = { begin: "received" as const, from: 0, to: 2 };
  const bars: Bar[] = [
    { ...bar, label: "First.", end: "done" },
    { ...bar, label: "Second.", end: "aborted" },
  ];
  const lanes = [{ name: "worker-1", kind: "worker" as const, bars }];
  const shared = { lanes, elapsed: 4, worked: 2, tutorial: false, left: ["Second."] };
  const [worker, tasks, left] = shareTheWork.findings(shared);
  assert.equal(worker, "worker-1 did 1 task in 2.0 s: 'First.'; 1 given up");
  assert.match(tasks ?? "", /^1 task, 2\.0 s of work, done in 4\.0 s/);
  assert.equal(left, "1 task sent and not done: 'Second.'.");
});

test("a lesson on the user's broker uses a queue of its own there and deletes it", async (t) => {
  const { run } = await play(t, shareTheWork, 10);
  const channel = await openChannel(t);
  const queue = run.parts[0]?.events.find((event) => event.event === "consuming");
  assert.ok(queue?.event === "consuming" && queue.queue.startsWith("lesson-share-the-work-"));
  await channel.checkQueue(queue.queue);
  await run.close();
  await assert.rejects(channel.checkQueue(queue.queue), /NOT_FOUND/);
  await assert.rejects(run.killBroker(), { code: "USAGE" });
});
