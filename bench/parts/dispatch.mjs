import { once } from "node:events";
import { createInterface } from "node:readline";
import { workSpan } from "../events.mjs";
import { sizes } from "../sizes.mjs";
import { atMost, table } from "../tables.mjs";
import { contender } from "../work.mjs";

const { tasks, processes, concurrency, dotMs } = sizes.dispatch;
const workers = processes * concurrency;

/** Tasks of mixed weight over several workers: how long they take, and how long if no worker ever waited for a task. */
export const dispatch = {
  title: "Sharing tasks of mixed weight",
  async run(testbed, clients) {
    const dots = weights(tasks);
    const elapsed = await measure(testbed, clients, dots);
    const ideal = listSchedule(dots);
    const what = `${tasks.toLocaleString("en-US")} tasks of 1 to 10 dots, ${workers} at a time in ${processes} processes`;
    return {
      text: table(
        ["ours", "seconds", "ideal", "ratio"],
        [[what, elapsed.toFixed(2), ideal.toFixed(2), (elapsed / ideal).toFixed(3)]],
      ),
      targets: [atMost(`${what}: elapsed of greedy list scheduling`, 1.01, elapsed / ideal)],
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
function listSchedule(dots) {
  const freeAt = new Array(workers).fill(0);
  for (const number of dots) freeAt[freeAt.indexOf(Math.min(...freeAt))] += (number * dotMs) / 1000;
  return Math.max(...freeAt);
}

/** Starts workers, publishes tasks of so many dots to them, and waits until all are done. Seconds. */
function measure(testbed, clients, dots) {
  const file = testbed.file(dots.length, (number) => `${number}${".".repeat(dots[number - 1])}`);
  return testbed.withQueue("classic", async (queue) => {
    const ours = contender(clients, "ours", { queue, count: dots.length, prefetch: concurrency, file });
    const words = [...ours.consume(ours), "--dot", `${dotMs}ms`, "--json"];
    const events = [];
    let left = dots.length;
    let finish;
    const finished = new Promise((resolve) => {
      finish = resolve;
    });
    const onEvent = (event) => {
      events.push(event);
      if (event.event === "task-done" && --left === 0) finish();
    };
    const started = await Promise.all(
      Array.from({ length: processes }, () => startWorker(testbed, words, onEvent)),
    );
    await testbed.run(ours.publish(ours));
    await Promise.race([finished, ...started.map(({ ended }) => ended.then(fail))]);
    for (const { child } of started) child.kill();
    await Promise.all(started.map(({ ended }) => ended));
    await testbed.expect(queue, 0, "ours");
    const { elapsed, took } = workSpan(events);
    if (took.length !== dots.length) throw new Error(`ours did ${took.length} tasks of ${dots.length}.`);
    return elapsed;
  });
}

function fail([code, signal]) {
  throw new Error(`A worker ended with ${signal ?? code} before its work was done.`);
}

/** Resolves when the worker waits for tasks. */
async function startWorker(testbed, words, onEvent) {
  const child = testbed.spawn(words, ["ignore", "pipe", "inherit"]);
  const ended = once(child, "exit");
  const waits = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = JSON.parse(line);
      onEvent(event);
      if (event.event === "consuming") resolve();
    });
  });
  await Promise.race([waits, ended.then(fail)]);
  return { child, ended };
}
