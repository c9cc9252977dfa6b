import assert from "node:assert/strict";
import { test } from "node:test";
import { poisonTask } from "#dist/lessons/poison-task.js";
import { brokerUrl, openChannel } from "../support/queue.js";
import { playWhole } from "./play.js";

test("poison-task: tried three times, the others done meanwhile, a dead letter, then replayed and done; no queue is left", async (t) => {
  const { measured, ends, text } = await playWhole(t, poisonTask, { dotMs: 10, url: brokerUrl });
  const { failing, repaired } = measured;
  assert.equal(failing.attempts.length, 3);
  const [, second = 0, third = 0] = failing.attempts;
  assert.ok(second >= 1 && third >= second + 2, String(failing.attempts));
  assert.equal(failing.doneMeanwhile, 6);
  assert.deepEqual(failing.letters, [
    { text: "Poison.", attempts: 3, reason: "exit code 1: no, not Poison." },
  ]);
  assert.deepEqual(repaired, { replayed: 1, done: 1, left: 0 });
  const [first = {}, then = {}] = ends;
  const all = Object.values(first).flat();
  assert.equal(all.filter((end) => end === "failed").length, 2);
  assert.equal(all.filter((end) => end === "dead").length, 1);
  assert.equal(all.filter((end) => end === "done").length, 6);
  assert.deepEqual(then, { "worker-1": ["done"] });
  for (const line of [
    / \[!\] Failed 'Poison\.' \(attempt 1, again in 1s\): exit code 1: no, not Poison\.$/m,
    / \[!\] Dead letter 'Poison\.': exit code 1: no, not Poison\.$/m,
  ])
    assert.match(text, line);
  const [, queue = ""] = /(lesson-poison-task-\w+)/.exec(text) ?? [];
  if (queue !== "") await assert.rejects((await openChannel(t)).checkQueue(`${queue}.dead`), /NOT_FOUND/);
});
