import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { forgottenAck } from "#dist/lessons/forgotten-ack.js";
import { all } from "#dist/lessons/harness/measure.js";
import { Running } from "../support/command.js";
import { brokerUrl, openChannel, uniqueQueue } from "../support/queue.js";
import { playWhole } from "./play.js";

test("forgotten-ack: a worker whose consumer is refused says so, and is not called consuming", async (t) => {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true });
  await channel.consume(queue, () => {}, { exclusive: true });
  const script = fileURLToPath(import.meta.resolve("#dist/lessons/forgetful.js"));
  const { code, stdout, stderr } = await new Running(t, process.execPath, [script, queue]).ended;
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^Cannot consume: .*in exclusive use.*\n$/);
});

test("forgotten-ack on the user's broker: unacknowledged grows, and all of it comes again; no ack timeout is set there", async (t) => {
  const { measured, ends, text, parts } = await playWhole(t, forgottenAck, { dotMs: 10, url: brokerUrl });
  const { forgotten, takenBack } = measured;
  assert.deepEqual(
    forgotten.seen,
    [1, 2, 3, 4, 5].map((unacknowledged) => ({ ready: 0, unacknowledged })),
  );
  assert.deepEqual([forgotten.listed, takenBack], [null, undefined]);
  assert.deepEqual([forgotten.early, forgotten.redelivered, forgotten.done], [0, 5, 5]);
  assert.deepEqual(forgotten.after, { ready: 0, unacknowledged: 0 });
  assert.deepEqual(ends, [{ forgetful: Array(5).fill("requeued"), "worker-1": Array(5).fill("done") }]);
  const [{ events } = { events: [] }] = parts;
  const received = all(events, "task-received");
  const by = (worker: string) => received.filter(({ name }) => name === worker);
  assert.ok(by("forgetful").every(({ redelivered }) => !redelivered));
  assert.ok(by("worker-1").every(({ redelivered }) => redelivered));
  // Each was done twice, with the same message id.
  const ids = (worker: string) => by(worker).map(({ task }) => task.id);
  assert.deepEqual(ids("worker-1").sort(), ids("forgetful").sort());
  for (const line of [
    / \[!\] Done, and not acknowledged: 'Task 5\.'$/m,
    /^status +│ \[\*\] ready 0, unacknowledged 5$/m,
    / \[!\] Requeued 'Task 1\.': its worker has ended without an ack; another worker may have it$/m,
    / \[x\] Received 'Task 1\.' \(redelivered\)$/m,
  ])
    assert.match(text, line);
  assert.match(text.replaceAll(/\s+/g, " "), /ready 0, 0, 0, 0, 0; unacknowledged 1, 2, 3, 4, 5\./);
});
