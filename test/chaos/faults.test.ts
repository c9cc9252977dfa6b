import assert from "node:assert/strict";
import { test } from "node:test";
import { playRound, type RoundOptions } from "./round.js";

/** `npm run test:chaos` plays long rounds; `npm test` a short one. */
const long = process.env["CHAOS"] === "long";
const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1e9));

const size: Pick<RoundOptions, "tasks" | "workers" | "faults"> = long
  ? {
      tasks: 10_000,
      workers: 8,
      faults: { workerKilled: 40, brokerKilled: 5, connectionClosed: 20, networkCut: 10 },
    }
  : {
      tasks: 1_000,
      workers: 3,
      faults: { workerKilled: 3, brokerKilled: 1, connectionClosed: 2, networkCut: 1 },
    };

for (const queueType of ["classic", "quorum"] as const)
  test(`nothing confirmed is lost on a ${queueType} queue, whatever is killed or cut (CHAOS_SEED=${seed})`, async (t) => {
    const faults = { ...size.faults };
    // The short round does not wait until a new quorum queue would outlive a kill.
    if (!long && queueType === "quorum") faults.brokerKilled = 0;
    const played = await playRound(t, { ...size, faults, seed, queueType });
    const { confirmed, done, sentAgain, publisherCode, left } = played;
    const times = new Map<string, number>();
    for (const task of done) times.set(task, (times.get(task) ?? 0) + 1);
    const twice = done.length - times.size;
    t.diagnostic(
      `${confirmed.length} confirmed, ${sentAgain} sent again, ${done.length} done, ${twice} more than once, ${left} left`,
    );
    assert.equal(publisherCode, 0);
    assert.equal(new Set(confirmed).size, size.tasks, "all are confirmed in the end, each once");
    assert.equal(confirmed.length, size.tasks);
    assert.deepEqual(
      confirmed.filter((task) => !times.has(task)),
      [],
      "lost",
    );
    const sent = new Set(confirmed);
    assert.deepEqual(
      [...times.keys()].filter((task) => !sent.has(task)),
      [],
      "never sent",
    );
    assert.equal(left, 0);
    const { workerKilled, brokerKilled, connectionClosed, networkCut } = faults;
    // A classic queue writes acks down late: killed, the broker delivers again what was acknowledged before.
    if (queueType === "classic" && brokerKilled > 0) return;
    // Any other fault makes happen again only what was in hand, or in flight from the publisher.
    const inHand = workerKilled + connectionClosed + (brokerKilled + networkCut) * size.workers;
    assert.ok(twice <= inHand + sentAgain, `${twice} done more than once`);
  });
