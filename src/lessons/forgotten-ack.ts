import { count, inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import type { TimelineEvent } from "../timeline/timeline-event.js";
import type { LessonRun } from "./harness/lesson-run.js";
import { all, allDone, counter, notDone, of } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const tasks = Array.from({ length: 5 }, (_, at) => `Task ${at + 1}.`);
/** The ack timeout of the second part, in ms, in place of RabbitMQ's 30 minutes. */
const TIMEOUT_MS = 3_000;

/** A queue's counts at one time. */
interface Counts {
  ready: number;
  /** Null where the broker's management API does not answer. */
  unacknowledged: number | null;
}

interface Forgotten {
  /** After each task that was done and not acknowledged. */
  seen: Counts[];
  /** The queue's line in `rabbitmqctl list_queues`; null on the user's broker. */
  listed: string | null;
  /** Tasks that the second worker got while the first one was running. */
  early: number;
  /** Tasks that came again, marked as redelivered. */
  redelivered: number;
  done: number;
  after: Counts;
}

interface TakenBack {
  /** From the delivery of a task to its return, in s; null: it did not return. */
  afterSeconds: number | null;
  /** The broker's reason. */
  reason: string;
  /** Whether another worker did it then. */
  doneByAnother: boolean;
}

/** A worker that never acknowledges, until it ends. */
async function forget(lesson: LessonRun): Promise<Forgotten> {
  const { events } = lesson.begin("A worker that never acknowledges");
  const queue = lesson.newQueue("forgotten-ack");
  const look = async (): Promise<Counts> => {
    const { ready, unacknowledged } = await lesson.queueStatus(queue);
    lesson.report({ event: "queue-looked-at", name: "status", ready, unacknowledged });
    return { ready, unacknowledged };
  };
  // A classic queue: the management API has its exact count.
  const args = [queue, String(lesson.dotMs), "classic"];
  const forgetful = lesson.startProcess("lessons/forgetful.js", "forgetful", args, null);
  await lesson.settled("the forgetful worker to consume", forgetful.untilPrinted("consuming"));
  const forgotten = counter(events, "task-forgotten");
  const seen: Counts[] = [];
  for (const [at, task] of tasks.entries()) {
    await lesson.send(queue, [task], "--queue-type", "classic");
    await lesson.until(`'${task}' to be done`, () => forgotten() > at);
    seen.push(await look());
  }
  const listed = lesson.ownsBroker ? lineOf(queue, listQueues(lesson)) : null;
  await lesson.worker("worker-1", queue, "--queue-type", "classic");
  const early = receivedBy(events, "worker-1");
  forgetful.write("end\n");
  await lesson.settled("the forgetful worker to end", forgetful.succeeds());
  await lesson.untilWorked(queue, () => allDone(events, tasks.length));
  await lesson.stopWorkers();
  const after = await look(); // only now: the last ack may have been on its way
  const redelivered = all(events, "task-received").filter(({ redelivered }) => redelivered).length;
  return { seen, listed, early, redelivered, done: tasks.length - notDone(events).length, after };
}

/** The same with another worker beside it, and an ack timeout of seconds. */
async function timeOut(lesson: LessonRun): Promise<TakenBack> {
  const { events } = lesson.begin(
    `With an ack timeout of ${inSeconds(TIMEOUT_MS / 1000)} instead of 30 minutes`,
  );
  const queue = lesson.newQueue("ack-timeout");
  // Up to RabbitMQ 4.2 the node's setting, read when a channel opens, and checked once a minute unless told otherwise.
  for (const [setting, ms] of [
    ["consumer_timeout", TIMEOUT_MS],
    ["channel_tick_interval", 200],
  ])
    lesson.rabbitmqctl("eval", `application:set_env(rabbit, ${setting}, ${ms}).`);
  // Since 4.3 the consumer's argument, of quorum queues only.
  const args = [queue, String(lesson.dotMs), "quorum", String(TIMEOUT_MS)];
  const forgetful = lesson.startProcess("lessons/forgetful.js", "forgetful", args, null);
  await lesson.settled("the forgetful worker to consume", forgetful.untilPrinted("consuming"));
  await lesson.send(queue, ["Task 6."], "--queue-type", "quorum"); // goes to the first consumer
  await lesson.until("the forgetful worker to get it", () => receivedBy(events, "forgetful") === 1);
  await lesson.worker("worker-1", queue, "--queue-type", "quorum");
  await lesson.untilWorked(queue, () => allDone(events, 1));
  await lesson.stopWorkers();
  const [received] = all(events, "task-received");
  const [back] = all(events, "task-requeued");
  return {
    afterSeconds: received && back ? (back.at.getTime() - received.at.getTime()) / 1000 : null,
    reason: back?.reason ?? "",
    doneByAnother: allDone(events, 1),
  };
}

/** A worker that never acknowledges: what the queue's counts say, when its tasks come back, and the ack timeout. */
export const forgottenAck: Lesson<{ forgotten: Forgotten; takenBack: TakenBack | undefined }> = {
  name: "forgotten-ack",
  question: "What if a worker never acknowledges?",
  dotMs: 500,
  minDotMs: 0,
  killsBroker: false,
  adjustable: false,
  plan: () =>
    `A worker does ${count(tasks.length, "task")}, sent one by one, and acknowledges none; after each the queue's counts are read. Then a second worker is started, and the forgetful one ends. On a private broker the ack timeout is shown too, set to ${inSeconds(TIMEOUT_MS / 1000)}.`,
  run: async (lesson) => ({
    forgotten: await forget(lesson),
    takenBack: lesson.ownsBroker ? await timeOut(lesson) : undefined,
  }),
  findings: ({ forgotten: { seen, listed, early, redelivered, done, after }, takenBack }) => [
    `task-queue status after each task that was done: ready ${seen.map(({ ready }) => ready).join(", ")}; unacknowledged ${seen.map(unacknowledged).join(", ")}.`,
    ...(listed === null
      ? []
      : [`rabbitmqctl list_queues name messages_ready messages_unacknowledged, after the last: ${listed}`]),
    `The second worker got ${early === 0 ? "none" : count(early, "task")} of them while the forgetful one was running. When that had ended, ${of(redelivered, tasks.length, "tasks")} came again, marked as redelivered: ${done} done for a second time and acknowledged. Then: ready ${after.ready}, unacknowledged ${unacknowledged(after)}.`,
    "The broker keeps a delivered task, in its memory too, until it is acknowledged or the worker's channel or connection ends. Nothing shows on the forgetful worker's screen: the count of unacknowledged tasks does, which grows and does not fall.",
    ...(takenBack === undefined ? [] : [timeoutFinding(takenBack)]),
  ],
  byHand: ({ forgetful, worker, newTask, taskQueue }) => [
    [`${forgetful} task_queue`],
    [...["First.", "Second.", "Third."].map((task) => `${newTask} --no-open ${task}`), `${taskQueue} status`],
    [worker, "# gets nothing; press Ctrl-C in the terminal of the forgetful one"],
  ],
  readOn: [
    "https://www.rabbitmq.com/tutorials/tutorial-two-javascript#message-acknowledgment",
    "https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout",
  ],
};

const unacknowledged = ({ unacknowledged }: Counts): string | number => unacknowledged ?? "unknown";

function timeoutFinding({ afterSeconds, reason, doneByAnother }: TakenBack): string {
  const setting =
    "It is consumer_timeout in rabbitmq.conf, 30 minutes by default and looked at once a minute; since RabbitMQ 4.3 it is for quorum queues alone, and worker --consumer-timeout sets it too.";
  if (afterSeconds === null) return `The ack timeout took no task back. ${setting}`;
  const then = doneByAnother ? "; the second worker did it then" : "";
  return `With an ack timeout of ${inSeconds(TIMEOUT_MS / 1000)} the broker took the task back after ${inSeconds(afterSeconds)}${then}. It said: ${printable(reason, 300)}. ${setting}`;
}

const listQueues = (lesson: LessonRun): string =>
  lesson.rabbitmqctl("-q", "list_queues", "name", "messages_ready", "messages_unacknowledged");

/** The queue's line of rabbitmqctl's table, which has tabs. */
const lineOf = (queue: string, table: string): string =>
  table
    .split("\n")
    .find((line) => line.startsWith(`${queue}\t`))
    ?.trim()
    .replaceAll("\t", "  ") ?? "none";

const receivedBy = (events: readonly TimelineEvent[], worker: string): number =>
  all(events, "task-received").filter(({ name }) => name === worker).length;
