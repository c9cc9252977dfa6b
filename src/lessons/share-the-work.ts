import { count, inSeconds } from "../text/numbers.js";
import { buildTimeline, type Lane } from "../timeline/timeline.js";
import { allDone } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

/** The five tasks of RabbitMQ's "Work Queues" tutorial: fifteen dots. */
const tutorialTasks = [
  "First message.",
  "Second message..",
  "Third message...",
  "Fourth message....",
  "Fifth message.....",
];

interface Shared {
  /** Whether the tasks were the tutorial's. */
  tutorial: boolean;
  lanes: Lane[];
  /** In s. */
  elapsed: number;
  /** Seconds of work, added up over all workers. */
  worked: number;
}

/** The tutorial's setting: several workers, and its five tasks sent one by one. */
export const shareTheWork: Lesson<Shared> = {
  name: "share-the-work",
  question: "Which worker gets which task?",
  dotMs: 1_000,
  minDotMs: 0,
  killsBroker: false,
  adjustable: true,
  plan: ({ workers, dotMs, file }) =>
    `${count(workers, "worker")} wait for tasks; new-task sends ${file === undefined ? "the tutorial's five, one by one" : "yours"}. Every dot in a task is ${inSeconds(dotMs / 1000)} of work.`,
  async run(lesson, { workers, file, input }) {
    const { events } = lesson.begin("");
    const queue = lesson.newQueue("share-the-work");
    // One after the other, so that worker-1 is the queue's first consumer.
    for (let number = 1; number <= workers; number++) await lesson.worker(`worker-${number}`, queue);
    if (file !== undefined) await lesson.sendFile(queue, file, input);
    else for (const task of tutorialTasks) await lesson.send(queue, [task]);
    await lesson.until(() => allDone(events));
    await lesson.stopWorkers();
    return { ...buildTimeline(events), tutorial: file === undefined };
  },
  findings({ lanes, elapsed, worked, tutorial }) {
    const tasks = lanes.reduce((sum, { bars }) => sum + bars.length, 0);
    const speedUp = elapsed > 0 ? worked / elapsed : 0;
    return [
      ...lanes.map(({ name, bars }) => {
        const labels = bars.slice(0, 8).map(({ label }) => `'${label}'`);
        const more = bars.length > labels.length ? `, and ${bars.length - labels.length} more` : "";
        const seconds = bars.reduce((sum, { from, to }) => sum + to - from, 0);
        return `${name} did ${count(bars.length, "task")} in ${inSeconds(seconds)}: ${labels.join(", ")}${more}`;
      }),
      `${count(tasks, "task")}, ${inSeconds(worked)} of work, done in ${inSeconds(elapsed)}: ${speedUp.toFixed(2)} times as fast as one worker alone.`,
      "The broker delivers each task to the idle worker that has waited longest. A worker is idle again when it has acknowledged its task (prefetch 1); a busy worker gets none.",
      ...(tutorial
        ? ["With tasks that get longer one by one, as these do, that looks like taking turns; it is not."]
        : []),
    ];
  },
  byHand: [
    "terminal 1   $ worker",
    "terminal 2   $ worker",
    "terminal 3   $ new-task First message.",
    "             $ new-task Second message..",
    "             $ new-task Third message...",
  ],
  readOn: [
    "https://www.rabbitmq.com/tutorials/tutorial-two-javascript",
    "https://www.rabbitmq.com/docs/consumers",
  ],
};
