import assert from "node:assert/strict";
import { test } from "node:test";
import { shareTheWork } from "#dist/lessons/share-the-work.js";
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
