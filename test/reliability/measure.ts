import { setTimeout as sleep } from "node:timers/promises";
import type { PrivateBroker } from "#dist/broker/private-broker.js";
import { OwnScope } from "../support/scope.js";
import type { Fault } from "./faults.js";
import type { Outcome } from "./outcome.js";
import type { Pair } from "./pairs.js";
import { declareQueue } from "./queue-looks.js";
import { playRound } from "./round.js";

/** One row: what a fault did to a pair, or why that could not be measured. */
export interface Row {
  fault: Fault;
  pair: Pair;
  outcome: Outcome | string;
}

/** Plays every fault with every pair, one after the other, on one broker and a queue each. */
export async function measure(
  scope: OwnScope,
  broker: PrivateBroker,
  faults: Fault[],
  pairs: Pair[],
  tell: (row: Row) => void,
): Promise<Row[]> {
  const queueOf = (fault: Fault, pair: Pair) => `reliability-${fault.number}-${pair.key}`;
  for (const fault of faults) for (const pair of pairs) await declareQueue(broker.url, queueOf(fault, pair));
  // A node killed before Ra has written a new quorum queue down, which nothing tells, does not know it again.
  await sleep(5_000);
  const rows: Row[] = [];
  for (const fault of faults)
    for (const pair of pairs) {
      const queue = queueOf(fault, pair);
      const own = new OwnScope();
      scope.after(() => own.end());
      const play = () => playRound(own, { broker, fault, pair, queue }).finally(() => own.end());
      const row = { fault, pair, outcome: pair.missing === false ? await play() : pair.missing };
      rows.push(row);
      tell(row);
    }
  return rows;
}
