import { count, inSeconds } from "../text/numbers.js";
import { allDone, elapsed, notDone } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const workerCounts = [1, 2, 4, 8];
const tasks = Array.from({ length: 16 }, (_, at) => `${String.fromCharCode(97 + at)}.`);

interface Measured {
  workers: number;
  /** From the first task received to the last one done, in s. */
  elapsed: number;
  /** Compared with one worker. */
  speedUp: number;
  /** Tasks that were not done. */
  left: number;
  /** All work divided by the workers, in s. */
  ideal: number;
}

/** The same tasks with 1, 2, 4 and 8 workers. */
export const scaleOut: Lesson<Measured[]> = {
  name: "scale-out",
  question: "How much faster are more workers?",
  dotMs: 500,
  minDotMs: 10, // the measured times are compared with the ideal, which must not be 0
  killsBroker: false,
  adjustable: false,
  plan: ({ dotMs }) =>
    `${count(tasks.length, "task")} of ${inSeconds(dotMs / 1000)} each are sent to one worker. Then the same tasks go to 2, to 4 and to 8.`,
  async run(lesson) {
    const queue = lesson.newQueue("scale-out");
    const measured: Measured[] = [];
    let started = 0;
    for (const workers of workerCounts) {
      const { events } = lesson.begin(count(workers, "worker"));
      const starting: Promise<void>[] = [];
      while (started < workers) starting.push(lesson.worker(`worker-${++started}`, queue));
      await Promise.all(starting);
      await lesson.send(queue, tasks);
      await lesson.untilWorked(queue, () => allDone(events, tasks.length));
      const took = elapsed(events);
      const one = measured[0]?.elapsed ?? took;
      measured.push({
        workers,
        elapsed: took,
        speedUp: one / took,
        left: notDone(events).length,
        ideal: (tasks.length * lesson.dotMs) / 1000 / workers,
      });
    }
    await lesson.stopWorkers();
    return measured;
  },
  findings: (measured) => [
    ...measured.map(
      ({ workers, elapsed, speedUp, ideal, left }) =>
        `${count(workers, "worker").padEnd(9)}  ${inSeconds(elapsed)}  (ideal ${inSeconds(ideal)})  ${speedUp.toFixed(2)} times as fast as one${left > 0 ? `, ${count(left, "task")} not done` : ""}`,
    ),
    "As long as tasks wait in the queue, each further worker adds its full speed. The difference from the ideal is the time that each task takes to reach its worker and its ack to come back, and workers that are idle while the last tasks are done. To add a worker, start it on the same queue, on this machine or on another; nothing else changes.",
  ],
  byHand: ({ worker, newTask, dot }) => [
    [`${worker}${dot}`],
    [`${worker}${dot}`, "# and in as many more as you like"],
    [`printf '%s.\\n' a b c d e f g h i j k l m n o p | ${newTask} --file -`],
  ],
  readOn: [
    "https://www.rabbitmq.com/tutorials/tutorial-two-javascript#round-robin-dispatching",
    "https://www.rabbitmq.com/docs/queues#runtime-characteristics",
  ],
};
