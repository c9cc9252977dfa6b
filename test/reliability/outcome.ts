import type { Ended } from "../support/command.js";
import { crash, ending } from "./ending.js";
import type { Ledger } from "./ledger.js";

/** What one fault did to one pair: the cells of its row. */
export interface Outcome {
  /** Tasks that the sender believes have arrived. */
  sent: number;
  /** Of them: never done, and not in the queue either. */
  lost: number;
  doneTwice: number;
  /** Begun more than once; those done more than once are among them. */
  begunTwice: number;
  sender: string;
  workers: string;
  nextTask: string;
}

interface Findings {
  ledger: Ledger;
  /** The tasks that count. */
  counted: string[];
  /** How many the sender was to send. */
  total: number;
  /** How the sender ended; undefined where it hung. */
  sender: Ended | undefined;
  /** How many work on, how those that ended did so, and how many live but get nothing. */
  workers: { consuming: number; endings: string[]; idle: number };
  /** What was in the queue at the end. */
  left: string[];
  /** When the strike was over, as performance.now() has it. */
  struckAt: number | undefined;
}

/** A number of tasks, as it is read. */
export const number = (count: number): string => count.toLocaleString("en");

/** Draws the conclusions. */
export function outcome({ ledger, counted, total, sender, workers, left, struckAt }: Findings): Outcome {
  const kept = new Set(left);
  const sent = counted.filter((task) => ledger.sent.has(task));
  const lost = sent.filter((task) => !ledger.done.has(task) && !kept.has(task));
  return {
    sent: sent.length,
    lost: lost.length,
    doneTwice: moreThanOnce(ledger.done),
    begunTwice: moreThanOnce(ledger.begun),
    sender: describeSender(sender, ledger, total),
    workers: describeWorkers(workers),
    nextTask: describeNext(ledger, workers, struckAt),
  };
}

const moreThanOnce = (times: Map<string, number>): number =>
  [...times.values()].filter((time) => time > 1).length;

function describeSender(sender: Ended | undefined, { sent, refused }: Ledger, total: number): string {
  const at = `task ${number(sent.size)} of ${number(total)}`;
  if (sender === undefined) return `hung at ${at}`;
  const error = crash(sender);
  if (error !== undefined) return `crashed at ${at}: ${error}`;
  if (refused.size > 0) return `${ending(sender)}, telling that ${number(refused.size)} did not arrive`;
  return sent.size < total ? `${ending(sender)} at ${at}` : ending(sender);
}

function describeWorkers({ consuming, endings, idle }: Findings["workers"]): string {
  if (consuming + endings.length + idle === 0) return "none";
  const alike = new Map<string, number>();
  for (const how of endings) alike.set(how, (alike.get(how) ?? 0) + 1);
  return [
    `${consuming} work on`,
    ...(idle > 0 ? [`${idle} live on without work`] : []),
    ...[...alike].map(([how, times]) => `${times} ended (${how})`),
  ].join(", ");
}

/** How long after the strike the next task was done. */
function describeNext(
  { doneAt }: Ledger,
  { consuming, endings, idle }: Findings["workers"],
  from?: number,
): string {
  if (from === undefined || consuming + endings.length + idle === 0) return "–";
  const at = doneAt.find((moment) => moment >= from);
  if (at === undefined) return "never";
  const ms = at - from;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
