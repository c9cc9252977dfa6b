import { count, inSeconds } from "../text/numbers.js";
import { countEnds } from "../timeline/marks.js";
import { type Bar, buildTimeline, type Lane } from "../timeline/timeline.js";
import { allDone, list, notDone, textOf } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

/** The five tasks of RabbitMQ's "Work Queues" tutorial: fifteen dots. */
export const tutorialTasks = [
  "First message.",
  "Second message..",
  "Third message...",
  "Fourth message....",
  "Fifth message.....",
];

/** By hand, so many workers get a line each. */
const MOST_TERMINALS = 4;

interface Shared {
  /** Whether the tasks were the tutorial's. */
  tutorial: boolean;
  lanes: Lane[];
  /** In s. */
  elapsed: number;
  /** Seconds of work, added up over all workers. */
  worked: number;
  /** Tasks that were sent and not done. */
  left: string[];
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
    await lesson.untilWorked(queue, () => allDone(events));
    await lesson.stopWorkers();
    const { lanes, elapsed, worked } = buildTimeline(events);
    return { lanes, elapsed, worked, tutorial: file === undefined, left: notDone(events).map(textOf) };
  },
  findings({ lanes, elapsed, worked, tutorial, left }) {
    const tasks = lanes.reduce((sum, { bars }) => sum + done(bars).length, 0);
    const speedUp = elapsed > 0 ? worked / elapsed : 0;
    return [
      ...lanes.map(({ name, bars }) => {
        const finished = done(bars);
        const seconds = finished.reduce((sum, { from, to }) => sum + to - from, 0);
        const others = countEnds(bars.filter(({ end }) => end !== "done"));
        return `${name} did ${count(finished.length, "task")} in ${inSeconds(seconds)}: ${list(finished.map(({ label }) => label))}${others === "" ? "" : `; ${others}`}`;
      }),
      `${count(tasks, "task")}, ${inSeconds(worked)} of work, done in ${inSeconds(elapsed)}: ${speedUp.toFixed(2)} times as fast as one worker alone.`,
      ...(left.length > 0 ? [`${count(left.length, "task")} sent and not done: ${list(left)}.`] : []),
      "The broker delivers each task to the idle worker that has waited longest. A worker is idle again when it has acknowledged its task (prefetch 1); a busy worker gets none.",
      ...(tutorial
        ? ["With tasks that get longer one by one, as these do, that looks like taking turns; it is not."]
        : []),
    ];
  },
  byHand({ worker, newTask, workers, file, dot }) {
    const terminals = Array.from({ length: Math.min(workers, MOST_TERMINALS) }, () => [`${worker}${dot}`]);
    if (workers > MOST_TERMINALS)
      terminals.at(-1)?.push(`# the same in ${count(workers - MOST_TERMINALS, "more terminal")}`);
    const send =
      file === undefined
        ? tutorialTasks.map((task) => `${newTask} --no-open ${task}`)
        : [`${newTask} --file ${file}`];
    return [...terminals, send];
  },
  readOn: [
    "https://www.rabbitmq.com/tutorials/tutorial-two-javascript",
    "https://www.rabbitmq.com/docs/consumers",
  ],
};

const done = (bars: readonly Bar[]): Bar[] => bars.filter(({ end }) => end === "done");
