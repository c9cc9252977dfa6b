import { count, inSeconds } from "../text/numbers.js";
import type { LessonRun } from "./harness/lesson-run.js";
import { all, allDone, elapsed, notDone } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

/** Heavy (three dots) and light (one dot) in turns. */
const tasks = Array.from({ length: 8 }, (_, at) =>
  at % 2 === 0 ? `Heavy ${at + 1}...` : `Light ${at + 1}.`,
);

interface Dispatch {
  /** From the first task received to the last one done, in s. */
  elapsed: number;
  /** Tasks done by each worker. */
  done: Record<string, number>;
  /** Tasks that were not done. */
  left: number;
}

interface Fairness {
  unfair: Dispatch;
  fair: Dispatch;
  /** Half of all work, the least that two workers can take, in s. */
  ideal: number;
}

async function dispatch(lesson: LessonRun, title: string, prefetch: number): Promise<Dispatch> {
  const { events } = lesson.begin(title);
  const queue = lesson.newQueue("fair-dispatch");
  const args = ["--prefetch", String(prefetch)];
  for (const name of ["worker-1", "worker-2"]) await lesson.worker(name, queue, ...args);
  await lesson.send(queue, tasks);
  await lesson.untilWorked(queue, () => allDone(events));
  await lesson.stopWorkers();
  const done: Record<string, number> = {};
  for (const { name } of all(events, "task-done")) done[name] = (done[name] ?? 0) + 1;
  return { elapsed: elapsed(events), done, left: notDone(events).length };
}

/** Heavy and light tasks in turns, once without a limit and once with prefetch 1. */
export const fairDispatch: Lesson<Fairness> = {
  name: "fair-dispatch",
  question: "What does prefetch 1 change?",
  dotMs: 500,
  minDotMs: 10, // the measured times are divided by the ideal, which must not be 0
  killsBroker: false,
  adjustable: false,
  plan: () =>
    "Heavy and light tasks in turns go to two workers, at first as fast as the broker can deliver them (--prefetch 0). Then the same tasks are sent again, but no worker gets one before it has acknowledged the last (--prefetch 1).",
  async run(lesson) {
    const dots = tasks.join("").split(".").length - 1;
    return {
      unfair: await dispatch(lesson, "Without a limit (--prefetch 0)", 0),
      fair: await dispatch(lesson, "Fair dispatch (--prefetch 1)", 1),
      ideal: (dots * lesson.dotMs) / 1000 / 2,
    };
  },
  findings({ unfair, fair, ideal }) {
    const took = ({ elapsed, done, left }: Dispatch) =>
      `${left > 0 ? `${count(left, "task")} not done; ` : ""}${inSeconds(elapsed)}, ${(elapsed / ideal).toFixed(2)} times the ideal of ${inSeconds(ideal)} (tasks done: ${Object.entries(
        done,
      )
        .sort()
        .map(([name, number]) => `${name} ${number}`)
        .join(", ")})`;
    return [
      `Without a limit: ${took(unfair)}.`,
      `With prefetch 1: ${took(fair)}. That is ${(unfair.elapsed / fair.elapsed).toFixed(2)} times as fast.`,
      "Without a limit the broker delivers each task at once, to the two workers in turn, however long each task takes: one worker gets all the heavy ones. With prefetch 1 a task waits in the queue until a worker is idle.",
    ];
  },
  byHand: ({ worker, newTask, dot }) => [
    [`${worker}${dot} --prefetch 0`, "# then again without --prefetch 0"],
    [`${worker}${dot} --prefetch 0`, "# then again without --prefetch 0"],
    [`printf '%s\\n' Heavy... Light. Heavy... Light. | ${newTask} --file -`],
  ],
  readOn: [
    "https://www.rabbitmq.com/docs/consumer-prefetch",
    "https://www.rabbitmq.com/docs/confirms#channel-qos-prefetch",
  ],
};
