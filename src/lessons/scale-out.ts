import { count, inSeconds } from "../text/numbers.js";
import { allDone, elapsed } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const crews = [1, 2, 4, 8];
const tasks = Array.from({ length: 16 }, (_, at) => `${String.fromCharCode(97 + at)}.`);

interface Crew {
  workers: number;
  /** In s. */
  elapsed: number;
  speedUp: number;
  /** All work divided by the workers, in s. */
  ideal: number;
}

/** The same backlog with 1, 2, 4 and 8 workers. */
export const scaleOut: Lesson<Crew[]> = {
  name: "scale-out",
  question: "How much faster are more workers?",
  dotMs: 500,
  minDotMs: 10, // what is measured is compared with the ideal, which must not be 0
  killsBroker: false,
  adjustable: false,
  plan: ({ dotMs }) =>
    `${count(tasks.length, "task")} of ${inSeconds(dotMs / 1000)} each are sent to one worker. Then the same tasks go to 2, to 4 and to 8.`,
  async run(lesson) {
    const queue = lesson.newQueue("scale-out");
    const measured: Crew[] = [];
    let present = 0;
    for (const workers of crews) {
      const { events } = lesson.begin(count(workers, "worker"));
      const joining: Promise<void>[] = [];
      while (present < workers) joining.push(lesson.worker(`worker-${++present}`, queue));
      await Promise.all(joining);
      await lesson.send(queue, tasks);
      await lesson.until(() => allDone(events, tasks.length));
      const took = elapsed(events);
      const one = measured[0]?.elapsed ?? took;
      measured.push({
        workers,
        elapsed: took,
        speedUp: one / took,
        ideal: (tasks.length * lesson.dotMs) / 1000 / workers,
      });
    }
    await lesson.stopWorkers();
    return measured;
  },
  findings: (measured) => [
    ...measured.map(
      ({ workers, elapsed, speedUp, ideal }) =>
        `${count(workers, "worker").padEnd(9)}  ${inSeconds(elapsed)}  (ideal ${inSeconds(ideal)})  ${speedUp.toFixed(2)} times as fast as one`,
    ),
    "As long as tasks wait, every worker more is a worker's work more; what is missing from the ideal is the way of each task to its worker and back, and workers that wait for the last tasks. Nobody had to be told: a new worker on the same queue is enough, on this machine or on another.",
  ],
  byHand: [
    "terminal 1   $ worker --dot 500ms",
    "terminal 2   $ worker --dot 500ms          and in as many more as you like",
    "terminal 3   $ printf '%s.\\n' a b c d e f g h i j k l m n o p | new-task --file -",
  ],
  readOn: [
    "https://www.rabbitmq.com/tutorials/tutorial-two-javascript#round-robin-dispatching",
    "https://www.rabbitmq.com/docs/queues#runtime-characteristics",
  ],
};
