import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import type { TestContext } from "node:test";
import type { PrivateBroker } from "#dist/broker/private-broker.js";
import { type Faults, playRound, type RoundResult } from "./round.js";

/** `npm run test:chaos` plays long rounds, `npm run test:slow` short ones. */
const long = process.env["CHAOS"] === "long";
const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1e9));

interface Scene {
  title: string;
  what: string;
  queueType: "classic" | "quorum";
  nodes: 1 | 3;
  /** How often a node is killed. */
  kills: number;
}

const titled = (scene: Omit<Scene, "title">): Scene => ({
  ...scene,
  title: `nothing confirmed is lost on ${scene.what}, whatever is killed, cut or cancelled (CHAOS_SEED=${seed})`,
});

export const scenes: readonly Scene[] = [
  titled({ what: "a classic queue", queueType: "classic", nodes: 1, kills: long ? 5 : 1 }),
  titled({ what: "a quorum queue", queueType: "quorum", nodes: 1, kills: long ? 5 : 1 }),
  titled({ what: "a quorum queue of three nodes", queueType: "quorum", nodes: 3, kills: long ? 3 : 1 }),
];

/** Plays a round on these nodes and asserts what becomes of its tasks. */
export async function assertRound(
  t: TestContext,
  { what, queueType, kills }: Scene,
  nodes: readonly PrivateBroker[],
): Promise<void> {
  const faults: Faults = long
    ? { workerKilled: 40, nodeKilled: kills, connectionClosed: 20, networkCut: 10, consumersCancelled: 5 }
    : { workerKilled: 2, nodeKilled: kills, connectionClosed: 2, networkCut: 1, consumersCancelled: 1 };
  const size = long ? { tasks: 10_000, workers: 8 } : { tasks: 1_000, workers: 3 };
  const played = await playRound(t, { ...size, queueType, nodes, faults, seed });
  const { confirmed, done, sentAgain, left } = played;
  const lost = confirmed.filter((task) => !done.has(task));
  const twice = [...done.values()].reduce((more, times) => more + times - 1, 0);
  note({ what, seed, faults, lost: lost.length, twice, ...played }, (line) => t.diagnostic(line));

  assert.deepEqual(lost, []);
  assert.equal(played.publisherCode, 0, played.refusals.slice(0, 20).join("\n"));
  assert.deepEqual(
    [...confirmed].sort(),
    Array.from({ length: size.tasks }, (_, number) => `task ${number}.`).sort(),
    "every task is confirmed in the end, each once",
  );
  const sent = new Set(confirmed);
  assert.deepEqual(
    [...done.keys()].filter((task) => !sent.has(task)),
    [],
    "never sent",
  );
  assert.deepEqual(new Set(played.workerCodes), new Set([0]));
  assert.equal(left, 0);
  // A classic queue writes acks down late: killed, the broker delivers again what was acknowledged before.
  if (queueType === "classic" && kills > 0) return;
  // Any other fault makes happen again only what was in hand, or in flight from the publisher.
  const forAll = faults.nodeKilled + faults.networkCut + faults.consumersCancelled;
  const inHand = faults.workerKilled + faults.connectionClosed + forAll * size.workers;
  assert.ok(twice <= inHand + sentAgain, `${twice} done more than once, ${inHand} in hand at the faults`);
}

/** One line to read, and one of JSON for the table of docs/reliability.md. */
function note(
  round: Omit<RoundResult, "confirmed"> & {
    what: string;
    seed: number;
    confirmed: string[];
    lost: number;
    twice: number;
    faults: Faults;
  },
  say: (line: string) => void,
): void {
  const { what, faults, lost, twice, sentAgain, whilePublishing, resumedMs } = round;
  const confirmed = round.confirmed.length;
  const struck = Object.values(faults).reduce((sum, times) => sum + times, 0);
  say(
    `${struck} faults, ${whilePublishing} of them while publishing; ${confirmed} confirmed, ${sentAgain} sent again, ${lost} lost, ${twice} done again`,
  );
  const results = process.env["CHAOS_RESULTS"];
  if (results === undefined) return;
  const row = { what, seed: round.seed, faults, struck, confirmed, sentAgain, lost, twice, resumedMs };
  appendFileSync(results, `${JSON.stringify(row)}\n`);
}
