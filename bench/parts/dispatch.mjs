import { once } from "node:events";
import { createInterface } from "node:readline";
import { workSpan } from "../events.mjs";
import { sizes } from "../sizes.mjs";
import { table } from "../tables.mjs";
import { atMost } from "../targets.mjs";

const { tasks, processes, concurrency, dotMs, pairTasks, pairDotMs } = sizes.dispatch;

/** Tasks of mixed weight over several workers: how long it takes, and how long it would if nobody ever waited. */
export const dispatch = {
  title: "Sharing tasks of mixed weight",
  async run(stage, clients) {
    const mixed = weights(tasks);
    const inTurn = Array.from({ length: pairTasks }, (_, at) => (at % 2 === 0 ? 9 : 1));
    const many = { dots: mixed, processes, concurrency, dotMs };
    const pair = { dots: inTurn, processes: 2, concurrency: 1, dotMs: pairDotMs };
    const workers = processes * concurrency;
    const shared = await measure(stage, clients, many);
    const two = await measure(stage, clients, pair);
    const unlimited = await measure(stage, clients, { ...pair, more: ["--prefetch", 0] });
    const of = (name, { elapsed, ideal }) => [
      name,
      elapsed.toFixed(2),
      ideal.toFixed(2),
      (elapsed / ideal).toFixed(3),
    ];
    return {
      text: table(
        ["ours", "seconds", "ideal", "ratio"],
        [
          of(
            `${tasks.toLocaleString("en-US")} tasks of 1 to 10 dots, ${workers} workers in ${processes} processes`,
            shared,
          ),
          of(`${pairTasks} tasks, heavy and light in turn, two workers`, two),
          of("the same with --prefetch 0", unlimited),
        ],
      ),
      targets: [
        atMost(
          `${tasks.toLocaleString("en-US")} tasks over ${workers} workers: elapsed of greedy list scheduling`,
          1.01,
          shared.elapsed / shared.ideal,
        ),
      ],
    };
  },
};

/** Dots from 1 to 10, the same in every run: a generator of Lehmer's (MINSTD). */
function weights(count) {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return 1 + (state % 10);
  });
}

/** Greedy list scheduling: every task in turn goes to the worker that is free first. Seconds. */
function listSchedule(dots, workers, dotMs) {
  const freeAt = new Array(workers).fill(0);
  for (const number of dots) freeAt[freeAt.indexOf(Math.min(...freeAt))] += (number * dotMs) / 1000;
  return Math.max(...freeAt);
}

/** Starts workers, publishes tasks of so many dots to them, and waits until all are done. */
function measure(stage, clients, { dots, processes, concurrency, dotMs, more = [] }) {
  const file = stage.file(dots.length, (number) => `${number}${".".repeat(dots[number - 1])}`);
  return stage.withQueue("classic", async (queue) => {
    const consume = clients.ours.consume({ queue, count: dots.length, prefetch: concurrency });
    const words = [...consume, "--dot", `${dotMs}ms`, "--json", ...more];
    const events = [];
    let left = dots.length;
    let finish;
    const finished = new Promise((resolve) => {
      finish = resolve;
    });
    const heard = (event) => {
      events.push(event);
      if (event.event === "task-done" && --left === 0) finish();
    };
    const workers = await Promise.all(
      Array.from({ length: processes }, () => startWorker(stage, words, heard)),
    );
    await stage.run(clients.ours.publish({ queue, type: "classic", file }));
    await Promise.race([finished, ...workers.map(({ ended }) => ended.then(fail))]);
    for (const { child } of workers) child.kill();
    await Promise.all(workers.map(({ ended }) => ended));
    await stage.expect(queue, 0, "ours");
    const { elapsed, took } = workSpan(events);
    if (took.length !== dots.length) throw new Error(`ours did ${took.length} tasks of ${dots.length}.`);
    return { elapsed, ideal: listSchedule(dots, processes * concurrency, dotMs) };
  });
}

function fail([code, signal]) {
  throw new Error(`A worker ended with ${signal ?? code} before its work was done.`);
}

/** Resolves when the worker waits for tasks. */
async function startWorker(stage, words, heard) {
  const child = stage.spawn(words, ["ignore", "pipe", "inherit"]);
  const ended = once(child, "exit");
  const waits = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = JSON.parse(line);
      heard(event);
      if (event.event === "consuming") resolve();
    });
  });
  await Promise.race([waits, ended.then(fail)]);
  return { child, ended };
}
