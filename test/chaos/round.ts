import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import type { QueueType } from "#dist/queue/events.js";
import { type Running, start } from "../support/command.js";
import { openChannel } from "../support/queue.js";
import { seeded } from "../support/random.js";
import { TcpProxy } from "../support/tcp-proxy.js";

export interface RoundOptions {
  seed: number;
  tasks: number;
  workers: number;
  queueType: QueueType;
  /** How often each kind of fault strikes. */
  faults: { workerKilled: number; brokerKilled: number; connectionClosed: number; networkCut: number };
}

export interface RoundResult {
  confirmed: string[];
  /** Every task-done of every worker. */
  done: string[];
  /** How many tasks the publisher published again. */
  sentAgain: number;
  publisherCode: number | null;
  /** Left in the queue at the end. */
  left: number;
}

type Fault = keyof RoundOptions["faults"];

/** One publisher, several workers, and faults that strike when a seeded share of the tasks is done. */
export async function playRound(t: TestContext, options: RoundOptions): Promise<RoundResult> {
  const random = seeded(options.seed);
  const broker = await PrivateBroker.start();
  t.after(() => broker.stop());
  const proxy = await TcpProxy.start(t, Number(new URL(broker.url).port));
  const url = `amqp://localhost:${proxy.port}`;
  const shared = ["--url", url, "--queue-type", options.queueType, "--wait", "1m", "--json"];

  if (options.queueType === "quorum" && options.faults.brokerKilled > 0) {
    const channel = await openChannel(t, broker.url);
    await channel.assertQueue("task_queue", { durable: true, arguments: { "x-queue-type": "quorum" } });
    // A node killed before Ra has written its new queue down, which nothing tells, does not know it again.
    await sleep(5_000);
  }
  const doneBefore: string[] = []; // by workers that have been killed since
  const workers: Running[] = [];
  const hire = (at: number) => {
    workers[at] = start(t, "worker", [...shared, "--name", `worker-${at}`, "--dot", "1ms"]);
  };
  for (let at = 0; at < options.workers; at++) hire(at);
  const doneBy = (worker: Running) => worker.recorder.all("task-done").map(({ task }) => task.text ?? "");
  const done = () => [...doneBefore, ...workers.flatMap(doneBy)];

  const publisher = start(t, "new-task", [...shared, "--file", taskFile(t, options.tasks)]);
  const strike: Record<Fault, () => Promise<void>> = {
    workerKilled: async () => {
      const at = Math.floor(random() * workers.length);
      const victim = workers[at];
      if (victim === undefined) return;
      victim.child.kill("SIGKILL");
      await victim.ended; // all it said has been read
      doneBefore.push(...doneBy(victim));
      hire(at);
    },
    brokerKilled: async () => {
      await broker.kill();
      await broker.restart();
    },
    connectionClosed: async () => {
      broker.run(
        "rabbitmqctl",
        "eval",
        `case rabbit_networking:connections() of [] -> none; All -> rabbit_networking:close_connection(lists:nth(1 + (${Math.floor(random() * 1e6)} rem length(All)), All), "chaos") end.`,
      );
    },
    networkCut: async () => {
      proxy.cut();
      await sleep(500 + random() * 1_500); // an outage lasts a while: the time is the fault
      proxy.mend();
    },
  };
  for (const [due, fault] of schedule(options, random)) {
    while (new Set(done()).size < due) await sleep(20);
    t.diagnostic(`${due} done: ${fault}`);
    await strike[fault]();
  }

  const { code } = await publisher.ended;
  const confirmed = publisher.recorder.all("task-confirmed").map(({ task }) => task.text ?? "");
  while (new Set(done()).size < new Set(confirmed).size) await sleep(50);
  for (const worker of workers) worker.child.kill("SIGTERM");
  for (const worker of workers) await worker.ended;
  const channel = await openChannel(t, broker.url);
  const { messageCount: left } = await channel.checkQueue("task_queue");
  const sentAgain = publisher.recorder.all("task-sent").filter(({ again }) => again).length;
  return { confirmed, done: done(), sentAgain, publisherCode: code, left };
}

/** At how many tasks done which fault strikes, in order; never before the first or after nearly all. */
function schedule({ faults, tasks }: RoundOptions, random: () => number): [number, Fault][] {
  const strikes: [number, Fault][] = [];
  for (const [fault, times] of Object.entries(faults))
    for (let time = 0; time < times; time++)
      strikes.push([1 + Math.floor(random() * tasks * 0.9), fault as Fault]);
  return strikes.sort(([a], [b]) => a - b);
}

function taskFile(t: TestContext, tasks: number): string {
  const folder = mkdtempSync(join(tmpdir(), "chaos-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "tasks.txt");
  writeFileSync(file, Array.from({ length: tasks }, (_, number) => `task ${number}.\n`).join(""));
  return file;
}
