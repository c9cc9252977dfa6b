import type { PrivateBroker } from "#dist/broker/private-broker.js";
import { Running } from "../support/command.js";
import { eventually } from "../support/eventually.js";
import type { OwnScope } from "../support/scope.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { endOf, hasEnded, settled, stillConsuming } from "./aftermath.js";
import { ending } from "./ending.js";
import type { Fault, LessonRun } from "./faults.js";
import { Feeder } from "./feeder.js";
import { Ledger } from "./ledger.js";
import { type Outcome, outcome } from "./outcome.js";
import type { Pair } from "./pairs.js";
import { lookAt, takeAll } from "./queue-looks.js";

const TASKS = 2_000;
const PER_SECOND = 250;
const LONG_TASK = `the long task${".".repeat(400)}`;

export interface Round {
  broker: PrivateBroker;
  fault: Fault;
  pair: Pair;
  /** It is there, and empty. */
  queue: string;
}

/** Plays one fault with one pair. What it starts has ended when it resolves. */
export async function playRound(scope: OwnScope, round: Round): Promise<Outcome> {
  const { broker, fault, pair, queue } = round;
  const ledger = new Ledger();
  const run = (speaker: string, [program, ...words]: [string, ...string[]]): Running => {
    const onLine = (line: string) => {
      const said = pair.read(line);
      if (said !== undefined) ledger.note(speaker, said);
    };
    const running = new Running(scope, program, words, { onLine });
    void running.ended.then(() => ledger.moved());
    return running;
  };
  const proxy = fault.throughProxy && (await TcpProxy.start(scope, Number(new URL(broker.url).port)));
  const url = proxy ? `amqp://localhost:${proxy.port}` : broker.url;
  const workers = new Map<string, Running>();
  for (let at = 0; at < fault.workers; at++) {
    const name = `worker-${at}`;
    workers.set(name, run(name, pair.worker(url, queue, name)));
  }
  const all = [...workers.values()];
  const consumers = async () => (await lookAt(broker.url, queue))?.consumerCount;
  await eventually("every worker consumes", async () => (await consumers()) === all.length);

  const sender = run("sender", pair.sender(url, queue));
  const tasks = Array.from({ length: TASKS }, (_, at) => `task ${at}.`);
  if (fault.longTask) tasks[TASKS / 2] = LONG_TASK;
  const feeder = new Feeder(sender);
  const stage = setStage(round, { proxy: proxy || undefined, workers, sender, ledger, feeder });
  await fault.prepared?.(stage);
  const fed = feeder.feed(tasks, fault.atOnce ? Number.POSITIVE_INFINITY : PER_SECOND);
  await fault.strike?.(stage);
  const struckAt = performance.now();
  const counted = fault.countsAfter ? tasks.slice(feeder.fed) : tasks;
  ledger.moved();

  const ended = await endOf(sender, ledger);
  sender.child.kill("SIGKILL");
  await fed;
  await settled(broker.url, queue, ledger, all);
  const consuming = await stillConsuming(broker.url, queue, ledger, all);
  const gone = all.filter(hasEnded);
  const endings = await Promise.all(gone.map(async (worker) => ending(await worker.ended)));
  for (const worker of all) worker.child.kill("SIGKILL");
  await Promise.all(all.map((worker) => worker.ended));
  return outcome({
    ledger,
    counted,
    total: TASKS,
    sender: ended ? await sender.ended : undefined,
    workers: { consuming, endings, idle: all.length - consuming - endings.length },
    left: await takeAll(broker.url, queue),
    struckAt: fault.strike === undefined ? undefined : struckAt,
  });
}

interface Cast {
  proxy: TcpProxy | undefined;
  workers: Map<string, Running>;
  sender: Running;
  ledger: Ledger;
  feeder: Feeder;
}

function setStage({ broker, queue }: Round, { proxy, workers, sender, ledger, feeder }: Cast): LessonRun {
  /** Resolves when it is so; fails where the sender ends before. */
  const comes = (isSo: () => boolean): Promise<void> =>
    ledger.until(() => {
      if (isSo()) return true;
      if (hasEnded(sender)) throw new Error(`The sender ended before it was struck: ${sender.stderr}`);
      return false;
    });
  return {
    broker,
    queue,
    proxy,
    workers: workers.size,
    midway: () => comes(() => ledger.sent.size >= TASKS / 2),
    inMidTask: async () => {
      await comes(() => ledger.begunBy.has(LONG_TASK));
      const [name = ""] = ledger.begunBy.get(LONG_TASK) ?? [];
      const worker = workers.get(name);
      if (worker === undefined) throw new Error(`There is no worker ${name}.`);
      return worker;
    },
    pause: async () => {
      feeder.paused = true;
      const ready = async () => (await lookAt(broker.url, queue))?.messageCount ?? 0;
      await eventually(
        "all tasks given to the sender have arrived",
        async () => ledger.done.size + (await ready()) >= feeder.fed,
      );
    },
    resume: () => {
      feeder.paused = false;
    },
  };
}
