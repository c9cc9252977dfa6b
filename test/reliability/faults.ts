import { setTimeout as sleep } from "node:timers/promises";
import type { PrivateBroker } from "#dist/broker/private-broker.js";
import type { Running } from "../support/command.js";
import { eventually } from "../support/eventually.js";
import { management } from "../support/queue.js";
import type { TcpProxy } from "../support/tcp-proxy.js";
import { connectionNames, deleteQueue } from "./queue-looks.js";

/** How long the network is away: the time is the fault. */
const CUT_MS = 2_000;

/** What a fault may lay hands on. */
export interface LessonRun {
  broker: PrivateBroker;
  queue: string;
  /** Between the programs and the broker, where the fault is the network's. */
  proxy: TcpProxy | undefined;
  /** How many there are. */
  workers: number;
  /** Gives the sender no further task, and resolves when those it has are done or in the queue. */
  pause(): Promise<void>;
  resume(): void;
  /** Resolves when half of the tasks are believed sent. */
  midway(): Promise<void>;
  /** Resolves when a worker has begun the long task. */
  inMidTask(): Promise<Running>;
}

export interface Fault {
  number: number;
  title: string;
  workers: number;
  /** The sender gets all its tasks at once. */
  atOnce?: true;
  /** One task takes long enough to be struck in it. */
  longTask?: true;
  throughProxy?: true;
  /** The tasks sent before go with the queue: only those given to the sender after the strike count. */
  countsAfter?: true;
  /** What must be so before the sender gets its first task. */
  prepared?(stage: LessonRun): Promise<void>;
  /** Resolves when it is over. */
  strike?(stage: LessonRun): Promise<void>;
}

/**
 * Deletes the queue in a pause of the sender. RabbitMQ 3.10 often ends the connection (541) of a client that sends to a
 * quorum queue at the moment of its deletion: chance would decide what is measured.
 */
const deleted = async ({ broker, queue, midway, pause, resume }: LessonRun): Promise<void> => {
  await midway();
  await pause();
  await deleteQueue(broker.url, queue);
  resume();
};

export const faults: Fault[] = [
  {
    number: 1,
    title: "a worker is killed (`kill -9`) in mid-task",
    workers: 3,
    longTask: true,
    async strike({ inMidTask }) {
      (await inMidTask()).child.kill("SIGKILL");
    },
  },
  {
    number: 2,
    title: "the broker is killed (`kill -9`) and started again",
    workers: 3,
    async strike({ broker, midway }) {
      await midway();
      await broker.kill();
      await broker.restart();
    },
  },
  {
    number: 3,
    title: "an administrator closes every connection",
    workers: 3,
    async prepared({ broker, workers }) {
      // The management API knows new connections, and forgets closed ones, after a while.
      await eventually(
        "the management API knows all connections",
        async () => (await connectionNames(broker.adminUrl)).length === workers + 1,
      );
    },
    async strike({ broker, midway }) {
      await midway();
      const names = await connectionNames(broker.adminUrl);
      await Promise.all(
        names.map((name) =>
          management(`connections/${encodeURIComponent(name)}`, { method: "DELETE" }, broker.adminUrl),
        ),
      );
    },
  },
  {
    number: 4,
    title: "the network is cut for 2 s",
    workers: 3,
    throughProxy: true,
    async strike({ proxy, midway }) {
      await midway();
      proxy?.cut();
      await sleep(CUT_MS);
      proxy?.mend();
    },
  },
  {
    number: 5,
    title: "the queue is deleted (the tasks after that count)",
    workers: 3,
    countsAfter: true,
    strike: deleted,
  },
  {
    number: 6,
    title: "Ctrl-C (SIGINT) for a worker in mid-task",
    workers: 3,
    longTask: true,
    async strike({ inMidTask }) {
      (await inMidTask()).child.kill("SIGINT");
    },
  },
  { number: 7, title: "nothing: all tasks are sent at once, and the sender ends", workers: 3, atOnce: true },
  {
    number: 8,
    title: "the queue is deleted, with no workers there (the tasks after that count)",
    workers: 0,
    countsAfter: true,
    strike: deleted,
  },
];
