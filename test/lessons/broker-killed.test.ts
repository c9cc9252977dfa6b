import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerRestart } from "#dist/lessons/broker-restart.js";
import { confirms } from "#dist/lessons/confirms.js";
import { buildTimeline } from "#dist/timeline/timeline.js";
import { play } from "./play.js";

test("broker-restart: every persistent task is done, every transient one is gone", async (t) => {
  const { measured } = await play(t, brokerRestart, 250);
  assert.deepEqual(measured.persistent, { confirmed: 6, done: 6, lost: 0 });
  assert.deepEqual(measured.transient, { confirmed: 4, done: 0, lost: 4 });
  assert.equal(measured.found, 6);
  assert.equal(measured.doneTwice, 0);
  assert.ok(measured.down > 0);
});

test("confirms: nothing that was confirmed is lost, and fire and forget believes in tasks that are gone", async (t) => {
  const { measured, stage } = await play(t, confirms, 0);
  const { confirmed, plain } = measured;
  assert.deepEqual([confirmed.believed, confirmed.stored, confirmed.lost], [20_000, 20_000, 0]);
  assert.ok(confirmed.again > 0 && confirmed.beforeCrash < confirmed.believed, JSON.stringify(confirmed));
  assert.ok(plain.lost > 0, JSON.stringify(plain));
  assert.equal(plain.believed, plain.stored + plain.lost);
  const lanes = buildTimeline(stage.runs[0]?.events ?? []).lanes;
  assert.deepEqual(
    lanes.map(({ name, bars }) => [name, ...bars.map(({ end }) => end)]),
    [
      ["broker", "back"],
      ["fire-and-forget", "aborted"],
      ["new-task", "aborted", "done"],
    ],
  );
});
