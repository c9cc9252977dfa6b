import { inSeconds } from "../text/numbers.js";
import { BROKER } from "../timeline/timeline.js";
import { all, counter, of } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const TASKS = 20_000;
/** The broker is killed when it has at least this many tasks of each sender. */
const ENOUGH = 1_000;

interface Sent {
  /** Tasks the sender counts as sent. */
  believed: number;
  /** How many of these are in the queue afterwards. */
  stored: number;
  lost: number;
}

interface Confirms {
  confirmed: Sent & {
    /** Confirmed before the broker was killed. */
    beforeCrash: number;
    /** Published again after the crash, because no confirm had come. */
    again: number;
    /** Duplicates in the queue. */
    twice: number;
  };
  plain: Sent;
  /** Time without a broker, in s. */
  down: number;
}

/** The broker is killed in the middle of two batches, one with confirms, one without. */
export const confirms: Lesson<Confirms> = {
  name: "confirms",
  question: "How does a sender know that a task has arrived?",
  dotMs: 0,
  minDotMs: 0,
  killsBroker: true,
  adjustable: false,
  plan: () =>
    `new-task, with confirms, and a sender on a plain channel, without ("fire and forget"), send ${TASKS.toLocaleString("en-US")} persistent tasks each. In the middle of both batches the broker is killed (kill -9) and started again; then the queues are read and compared with what each sender believes to be sent.`,
  async run(lesson) {
    const { events } = lesson.begin("");
    const [queue, plainQueue] = [lesson.newQueue("confirms"), lesson.newQueue("fire-and-forget")];
    const args = [plainQueue, String(TASKS)];
    const plainSender = lesson.startProcess("lessons/fire-and-forget.js", "fire-and-forget", args, null);
    await lesson.settled("the sender without confirms to connect", plainSender.untilPrinted("connected"));

    await lesson.send(queue, []); // declares it
    lesson.saveDeclarations();

    const tasks = Array.from({ length: TASKS }, (_, at) => `Task ${at + 1}`);
    const confirmed = counter(events, "task-confirmed");
    const connected = counter(events, "connected");
    const sent = counter(events, "task-sent");
    const sending = lesson.send(queue, tasks);
    sending.catch(() => {}); // awaited below
    await lesson.until("the first task to be sent", () => sent() > 0);
    lesson.report({ event: "batch-begun", name: "new-task" });
    await lesson.until(`${ENOUGH} confirms`, () => confirmed() >= ENOUGH);
    plainSender.write("go\n");
    await lesson.until("the sender without confirms", () => all(events, "batch-begun").length === 2);
    const isOver = () => confirmed() === TASKS;
    const plainIsOver = () => all(events, "batch-ended").length > 0;
    await lesson.untilQueue(
      `${ENOUGH} tasks sent without confirms`,
      plainQueue,
      ({ ready }) => ready >= ENOUGH,
      () => isOver() || plainIsOver(),
    );

    const before = connected();
    await lesson.killBroker();
    const beforeCrash = confirmed();
    const endBatch = (tasks: number, whole: boolean) => {
      const label = `${tasks.toLocaleString("en-US")} confirmed`;
      lesson.report({ event: "batch-ended", name: "new-task", label, whole, tasks });
    };
    endBatch(beforeCrash, false);
    await lesson.restartBroker();
    await lesson.until("new-task to connect again", () => connected() > before, isOver);
    lesson.report({ event: "batch-begun", name: "new-task" });
    await lesson.settled("new-task to end", sending);
    endBatch(confirmed() - beforeCrash, true);
    await lesson.settled("the sender without confirms to end", plainSender.succeeds());

    const believed = all(events, "task-confirmed").map(({ task }) => task.text ?? "");
    const stored = await lesson.readQueue(queue);
    const plainBelieved =
      all(events, "batch-ended").find(({ name }) => name === "fire-and-forget")?.tasks ?? 0;
    const plainStored = await lesson.readQueue(plainQueue);
    const at = (name: string) => events.find(({ event }) => event === name)?.at.getTime() ?? 0;
    return {
      confirmed: {
        ...compare(believed, stored),
        beforeCrash,
        again: all(events, "task-sent").filter(({ again }) => again).length,
        twice: stored.length - new Set(stored).size,
      },
      plain: compare(tasks.slice(0, plainBelieved), plainStored),
      down: (at(`${BROKER}-back`) - at(`${BROKER}-killed`)) / 1000,
    };
  },
  findings: ({ confirmed, plain, down }) => [
    `With confirms: ${of(confirmed.stored, confirmed.believed, "tasks")} that new-task calls sent are in the queue, ${number(confirmed.lost)} lost. ${number(confirmed.beforeCrash)} were confirmed when the broker was killed; ${number(confirmed.again)} were in flight, and were published again when it was back after ${inSeconds(down)} (${number(confirmed.twice)} of them are in the queue twice).`,
    `Fire and forget: ${of(plain.stored, plain.believed, "tasks")} that the sender believes sent are in the queue, ${number(plain.lost)} lost.`,
    "publish() returns when the task is in a buffer of the sender's own process. Only the confirm says that the broker has it, for a persistent task on disk. A sender that keeps each task until it is confirmed can publish it again: then a task may be in the queue twice, but none is lost.",
  ],
  byHand: ({ newTask, taskQueue }) => [
    [`seq ${TASKS} | ${newTask} --file -`],
    ["docker compose kill rabbitmq && docker compose up -d --wait", `${taskQueue} status`],
  ],
  readOn: [
    "https://www.rabbitmq.com/docs/confirms#publisher-confirms",
    "https://www.rabbitmq.com/tutorials/tutorial-seven-java",
  ],
};

const number = (value: number): string => value.toLocaleString("en-US");

function compare(believed: readonly string[], stored: readonly string[]): Sent {
  const there = new Set(stored);
  const arrived = believed.filter((task) => there.has(task)).length;
  return { believed: believed.length, stored: arrived, lost: believed.length - arrived };
}
