import type { TestContext } from "node:test";
import { start } from "../../support/command.js";
import { seeded } from "../../support/random.js";
import { BrokerFaults, type BrokerFaultsOptions } from "./broker-faults.js";
import { Crew, ROUND_MS } from "./crew.js";

/** How often each kind of fault strikes. */
export interface Faults {
  workerKilled: number;
  nodeKilled: number;
  connectionClosed: number;
  networkCut: number;
  consumersCancelled: number;
}

export interface RoundOptions extends Omit<BrokerFaultsOptions, "random"> {
  seed: number;
  tasks: number;
  workers: number;
  faults: Faults;
}

export interface RoundResult {
  /** What the publisher reported as confirmed. */
  confirmed: string[];
  /** How often each task was done. */
  done: ReadonlyMap<string, number>;
  /** How many tasks the publisher published again. */
  sentAgain: number;
  /** How many of the faults struck while there was more to publish. */
  whilePublishing: number;
  publisherCode: number | null;
  /** What the publisher reported of tasks that it could not get in. */
  refusals: string[];
  workerCodes: (number | null)[];
  /** Left in the queue at the end. */
  left: number;
  /** From the end of each fault to the next task done, in ms. */
  resumedMs: Record<keyof Faults, number[]>;
}

/**
 * The publisher is so many tasks ahead of the workers; it gets another one for each one done, and a burst
 * right before each fault. So there is something in flight nearly always.
 */
const AHEAD = 200;
const BURST = 50;

/** One publisher, several workers, and faults that strike when a seeded share of the tasks is done. */
export async function playRound(t: TestContext, options: RoundOptions): Promise<RoundResult> {
  const { tasks } = options;
  const random = seeded(options.seed);
  const broker = await BrokerFaults.prepare(t, { ...options, random });
  const addresses = broker.urls.flatMap((url) => ["--url", url]);
  const shared = [
    ...addresses,
    "-q",
    broker.queue,
    "--queue-type",
    options.queueType,
    "--wait",
    "1m",
    "--json",
  ];
  const crew = new Crew(t, options.workers, shared);

  // A broker may take more than the default 30 s to come back on a busy machine.
  const publisher = start(t, "new-task", [...shared, "--confirm-timeout", "5m", "--file", "-"], {
    limitMs: ROUND_MS,
  });
  let fed = 0;
  const feed = (wanted: number) => {
    if (fed === tasks) return;
    const burst = Math.min(wanted, tasks - fed);
    const lines = Array.from({ length: burst }, (_, at) => `task ${fed + at}.\n`).join("");
    fed += burst;
    if (fed < tasks) publisher.child.stdin?.write(lines);
    else publisher.child.stdin?.end(lines);
  };
  crew.onDone = () => feed(1);
  feed(AHEAD);

  const strike: Record<keyof Faults, () => Promise<void>> = {
    workerKilled: () => crew.killWorker(random),
    nodeKilled: () => broker.killNode(),
    connectionClosed: () => broker.closeConnection(),
    networkCut: () => broker.cutNetwork(),
    consumersCancelled: () => broker.cancelConsumers(),
  };
  const struck: { fault: keyof Faults; at: number }[] = [];
  let whilePublishing = 0;
  const tooEarly = publisher.ended.then(({ code, stderr }) => {
    if (code !== 0 || fed < tasks)
      throw new Error(`new-task ended with ${code} after ${fed} tasks: ${stderr}`);
    return new Promise<never>(() => {});
  });
  tooEarly.catch(() => {}); // it is raced with below
  for (const [due, fault] of schedule(options, random)) {
    await Promise.race([crew.hasDone(due), tooEarly]);
    if (fed < tasks) whilePublishing++;
    feed(BURST);
    await strike[fault]();
    struck.push({ fault, at: Date.now() });
  }
  const { code: publisherCode, stderr } = await publisher.ended;
  const failed = [
    ...publisher.recorder.all("task-unconfirmed"),
    ...publisher.recorder.all("task-unroutable"),
  ];
  const refusals = [
    stderr,
    ...failed.map(({ at, task, reason }) => `${at.toISOString()} ${task.text} ${reason}`),
  ];
  const confirmed = publisher.recorder.all("task-confirmed").map(({ task }) => task.text ?? "");
  await crew.hasDone(new Set(confirmed).size);
  const workerCodes = await crew.stop();

  const resumedMs: RoundResult["resumedMs"] = {
    workerKilled: [],
    nodeKilled: [],
    connectionClosed: [],
    networkCut: [],
    consumersCancelled: [],
  };
  for (const { fault, at } of struck) {
    const next = crew.doneAt.reduce((least, done) => (done > at ? Math.min(least, done) : least), Infinity);
    if (next < Infinity) resumedMs[fault].push(next - at);
  }
  const sentAgain = publisher.recorder.all("task-sent").filter(({ again }) => again).length;
  const left = await broker.left(t);
  const { done } = crew;
  return {
    confirmed,
    done,
    sentAgain,
    whilePublishing,
    publisherCode,
    refusals,
    workerCodes,
    left,
    resumedMs,
  };
}

/** At how many tasks done which fault strikes, in order; never before the first or after nearly all. */
function schedule({ faults, tasks }: RoundOptions, random: () => number): [number, keyof Faults][] {
  const strikes: [number, keyof Faults][] = [];
  for (const [fault, times] of Object.entries(faults))
    for (let time = 0; time < times; time++)
      strikes.push([1 + Math.floor(random() * tasks * 0.9), fault as keyof Faults]);
  return strikes.sort(([a], [b]) => a - b);
}
