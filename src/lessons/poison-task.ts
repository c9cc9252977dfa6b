import { count, durationText, inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import type { TimelineEvent } from "../timeline/timeline-event.js";
import type { LessonRun } from "./harness/lesson-run.js";
import { all, of } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const POISON = "Poison.";
const tasks = ["Good 1.", POISON, ...Array.from({ length: 5 }, (_, at) => `Good ${at + 2}.`)];

/** How long the task waits before its second attempt, and its third, in ms. */
const RETRY_MS = [1_000, 2_000];
const RETRY = RETRY_MS.map(durationText).join(",");

interface Failing {
  /** When each attempt at the poison task began, in s from the first. */
  attempts: number[];
  /** Good tasks done before its last attempt began. */
  doneMeanwhile: number;
  /** Dead letters: their text, the number of attempts and why. */
  letters: { text: string; attempts: number | null; reason: string | null }[];
}

interface Repaired {
  replayed: number;
  done: number;
  /** Dead letters left. */
  left: number;
}

/** A program that takes a dot's time for each task, and fails at one of them. */
const failing = (dotMs: number): string[] => [
  "--",
  ...[
    "sh",
    "-c",
    `read task; sleep ${dotMs / 1000}; case $task in Poison*) echo "no, not $task" >&2; exit 1; esac`,
  ],
];
const repaired = (dotMs: number): string[] => ["--", "sh", "-c", `sleep ${dotMs / 1000}`];

const receivedPoison = (events: readonly TimelineEvent[]): number[] =>
  all(events, "task-received")
    .filter(({ task }) => task.text === POISON)
    .map(({ at }) => at.getTime());

async function fail(lesson: LessonRun, queue: string): Promise<Failing> {
  const { events } = lesson.begin(`The command fails at one of the tasks (--retry ${RETRY})`);
  for (const name of ["worker-1", "worker-2"])
    await lesson.worker(name, queue, "--retry", RETRY, ...failing(lesson.dotMs));
  await lesson.send(queue, tasks);
  const good = () => new Set(all(events, "task-done").map(({ task }) => task.id)).size;
  await lesson.until(
    "the poison task to be a dead letter, and the others to be done",
    () => all(events, "task-dead").length > 0 && good() === tasks.length - 1,
  );
  await lesson.stopWorkers();
  const began = receivedPoison(events);
  const last = began.at(-1) ?? 0;
  const letters = await lesson.deadLetters(queue);
  return {
    attempts: began.map((at) => (at - (began[0] ?? at)) / 1000),
    doneMeanwhile: all(events, "task-done").filter(({ at }) => at.getTime() <= last).length,
    letters: letters.map(({ task, attempts, reason }) => ({ text: task.text ?? "", attempts, reason })),
  };
}

async function repair(lesson: LessonRun, queue: string): Promise<Repaired> {
  const { events } = lesson.begin("The command is repaired, and the dead letter replayed");
  await lesson.worker("worker-1", queue, "--retry", RETRY, ...repaired(lesson.dotMs));
  const replayed = await lesson.replayDeadLetters(queue);
  const done = () => all(events, "task-done").length;
  await lesson.until("the replayed task to be done", () => done() >= replayed.length);
  await lesson.stopWorkers();
  return { replayed: replayed.length, done: done(), left: (await lesson.deadLetters(queue)).length };
}

/** A task that fails each time: it is tried again, becomes a dead letter, is looked at, and replayed. */
export const poisonTask: Lesson<{ failing: Failing; repaired: Repaired }> = {
  name: "poison-task",
  question: "What becomes of a task that fails again and again?",
  dotMs: 400,
  minDotMs: 0,
  killsBroker: false,
  adjustable: false,
  plan: () =>
    `Two workers run a command for each of ${count(tasks.length, "task")}, and it fails at one of them, every time. That task is tried again after ${RETRY_MS.map((ms) => inSeconds(ms / 1000)).join(", then after ")}, and then it is a dead letter. The command is repaired, and the letter is replayed.`,
  async run(lesson) {
    const queue = lesson.newQueue(
      "poison-task",
      ".dead",
      ...RETRY_MS.map((ms) => `.retry.${durationText(ms)}`),
    );
    return { failing: await fail(lesson, queue), repaired: await repair(lesson, queue) };
  },
  findings: ({ failing: { attempts, doneMeanwhile, letters }, repaired: { replayed, done, left } }) => [
    `The task was begun ${count(attempts.length, "time")}, at ${attempts.map(inSeconds).join(", ")}. Before its last attempt ${of(doneMeanwhile, tasks.length - 1, "other tasks")} were done: while it waits, it holds no worker.`,
    ...letters.map(
      ({ text, attempts, reason }) =>
        `In task-queue dead: '${printable(text)}', after ${count(attempts ?? 0, "attempt")}, because of "${printable(reason ?? "")}".`,
    ),
    `After the repair ${count(replayed, "dead letter")} replayed, ${done} done, ${left} left.`,
    "A failed task is copied to a queue of its delay, and acknowledged when the copy is confirmed: so it is never lost, and the queue's order does not stop at it. After the last attempt it waits as a dead letter for somebody to look at it. Without that a task that always fails goes round forever, and a quorum queue of RabbitMQ 4 drops it at the 21st return.",
  ],
  byHand: ({ worker, newTask, taskQueue }) => [
    [`${worker} --retry ${RETRY} -- sh -c 'read task; [ "$task" != bad ]'`],
    [
      `${newTask} --no-open good`,
      `${newTask} --no-open bad`,
      `${taskQueue} dead`,
      "# end the worker, and start it again with: -- true",
      `${taskQueue} dead replay --all`,
    ],
  ],
  readOn: [
    "https://www.rabbitmq.com/docs/dlx",
    "https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling",
  ],
};
