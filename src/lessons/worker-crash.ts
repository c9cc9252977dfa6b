import { count } from "../text/numbers.js";
import type { LessonRun, Part } from "./harness/lesson-run.js";
import { all, allDone, list, notDone, of, textOf } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const tasks = Array.from({ length: 6 }, (_, at) => `Task ${at + 1}...`);

interface Crash {
  confirmed: number;
  /** Different tasks done. */
  done: number;
  redelivered: string[];
  /** Ready in the queue at the end. */
  left: number;
  /** Confirmed, not done and not in the queue. */
  lost: number;
  lostTasks: string[];
}

/** Two workers get six tasks; worker-1 is killed in the middle of its second. */
async function crash(lesson: LessonRun, part: Part, ...args: string[]): Promise<Crash> {
  const { events } = part;
  const queue = lesson.newQueue("worker-crash");
  for (const name of ["worker-1", "worker-2"]) await lesson.worker(name, queue, ...args);
  await lesson.send(queue, tasks);
  const received = () => all(events, "task-received").filter(({ name }) => name === "worker-1");
  await lesson.until(
    "worker-1 to be in the middle of its second task",
    () => {
      const second = received()[1]?.task.id;
      return all(events, "task-progress").some(({ task }) => task.id === second);
    },
    () => allDone(events, tasks.length),
  );
  await lesson.killWorker("worker-1");
  await lesson.untilWorked(queue, () => allDone(events, tasks.length));
  const { ready } = await lesson.lookAtQueue(queue);
  await lesson.stopWorkers();
  const missing = notDone(events);
  const lost = missing.length - ready;
  if (ready === 0) {
    const at = events.find(({ event }) => event === "worker-killed")?.at;
    for (const task of missing) lesson.report({ event: "task-lost", name: "worker-1", task }, at);
  }
  const confirmed = all(events, "task-confirmed").length;
  return {
    confirmed,
    done: confirmed - missing.length,
    redelivered: all(events, "task-received")
      .filter(({ redelivered }) => redelivered)
      .map(({ task }) => textOf(task)),
    left: ready,
    lost,
    lostTasks: missing.map(textOf),
  };
}

/** A worker is killed in the middle of a task, with acknowledgements and without. */
export const workerCrash: Lesson<{ acked: Crash; autoAcked: Crash }> = {
  name: "worker-crash",
  question: "What becomes of a dead worker's task?",
  dotMs: 500,
  minDotMs: 100, // workers report progress every 100 ms, and one is killed at a progress event
  killsBroker: false,
  adjustable: false,
  plan: () =>
    "Two workers share six tasks, and worker-1 is killed (kill -9) in the middle of its second one. Then the same again with --auto-ack, where a task counts as done as soon as it is sent to a worker.",
  run: async (lesson) => ({
    acked: await crash(lesson, lesson.begin("With acknowledgements")),
    autoAcked: await crash(lesson, lesson.begin("With --auto-ack"), "--auto-ack"),
  }),
  findings: ({ acked, autoAcked }) => [
    `With acknowledgements: ${of(acked.done, acked.confirmed, "tasks")} done, ${acked.lost} lost. ${count(acked.redelivered.length, "task")} came again, marked as redelivered: ${list(acked.redelivered)}.`,
    `With --auto-ack: ${of(autoAcked.done, autoAcked.confirmed, "tasks")} done, ${autoAcked.lost} lost${autoAcked.lost > 0 ? `: ${list(autoAcked.lostTasks)}` : ""}.`,
    "The broker keeps a task until it is acknowledged: when the worker's connection ends, it requeues the task and delivers it to another worker. With auto-ack the broker deletes a task when it delivers it, and it delivers all tasks at once: those that the killed worker held are lost.",
  ],
  byHand: ({ worker, newTask, dot }) => [
    [`${worker}${dot} --name one`, "# then again with --auto-ack"],
    [`${worker}${dot} --name two`, "# then again with --auto-ack"],
    [`seq -f 'Task %g...' 6 | ${newTask} --file -`, "pkill -9 -f -- '--name one'"],
  ],
  readOn: [
    "https://www.rabbitmq.com/docs/confirms#acknowledgement-modes",
    "https://www.rabbitmq.com/docs/reliability#consumer-side",
  ],
};
