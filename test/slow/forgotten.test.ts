import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerRestart } from "#dist/lessons/broker-restart.js";
import { forgottenAck } from "#dist/lessons/forgotten-ack.js";
import { LessonRun } from "#dist/lessons/harness/lesson-run.js";
import { all } from "#dist/lessons/harness/measure.js";
import { playWhole } from "../lessons/play.js";
import { openChannel } from "../support/queue.js";

test("broker-restart: where the broker forgets the queue, the lesson ends and says so", async (t) => {
  const { signal } = new AbortController();
  const observer = { onPart: () => {}, onEvent: () => {} };
  const run = await LessonRun.open({ url: undefined, dotMs: 250, signal, observer });
  t.after(() => run.close());
  const kill = run.killBroker.bind(run);
  run.killBroker = async () => {
    const [consuming] = all(run.parts[0]?.events ?? [], "consuming");
    await (await openChannel(t, run.url)).deleteQueue(consuming?.queue ?? "");
    run.saveDeclarations(); // the deletion too is forgotten otherwise
    await kill();
  };
  const measured = await brokerRestart.run(run, { workers: 2, file: undefined, dotMs: 250 });
  const { confirmed, done, lost } = measured.persistent;
  assert.equal(measured.found, 0);
  // All are lost, unless a busy machine has let some be done before the kill.
  assert.ok(lost > 0 && confirmed === 6 && done + lost === 6, JSON.stringify(measured));
  assert.match(brokerRestart.findings(measured).join("\n"), /has forgotten the queue itself/);
});

test("forgotten-ack: nothing is acknowledged, all of it comes again, and the ack timeout takes a task back", async (t) => {
  const { measured, ends, text } = await playWhole(t, forgottenAck, { dotMs: 200 });
  const { forgotten, takenBack } = measured;
  assert.deepEqual(
    forgotten.seen,
    [1, 2, 3, 4, 5].map((unacknowledged) => ({ ready: 0, unacknowledged })),
  );
  assert.match(forgotten.listed ?? "", /^lesson-forgotten-ack-\w+ {2}0 {2}5$/);
  assert.deepEqual([forgotten.early, forgotten.redelivered, forgotten.done], [0, 5, 5]);
  assert.deepEqual(forgotten.after, { ready: 0, unacknowledged: 0 });
  assert.ok(takenBack?.doneByAnother);
  assert.ok((takenBack.afterSeconds ?? 0) >= 3, JSON.stringify(takenBack));
  assert.match(takenBack.reason, /timed out|basic\.cancel/);
  assert.deepEqual(ends, [
    { forgetful: Array(5).fill("requeued"), "worker-1": Array(5).fill("done") },
    { forgetful: ["requeued"], "worker-1": ["done"] },
  ]);
  assert.match(
    text.replaceAll(/\s+/g, " "),
    /unacknowledged 1, 2, 3, 4, 5\..* took the task back after 3\.\d s/,
  );
});
