import { count, inSeconds } from "../text/numbers.js";
import { BROKER } from "../timeline/timeline.js";
import type { TimelineEvent } from "../timeline/timeline-event.js";
import { all, allDone, counter, notDone, of } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const persistentTasks = Array.from({ length: 6 }, (_, at) => `Disk ${at + 1}....`);
const transientTasks = Array.from({ length: 4 }, (_, at) => `RAM ${at + 1}....`);

interface Kept {
  confirmed: number;
  /** Different tasks done. */
  done: number;
  lost: number;
}

interface Restart {
  persistent: Kept;
  transient: Kept;
  /** Tasks the broker still had when it was back, as the first worker found them. */
  found: number;
  /** Tasks marked as redelivered. */
  redelivered: number;
  /** Tasks done more than once. */
  doneTwice: number;
  /** In s. */
  down: number;
  /** From the broker's return to the first task received, in s. */
  backAtWork: number;
}

/** Persistent and transient tasks in a durable queue while the broker is killed and started again. */
export const brokerRestart: Lesson<Restart> = {
  name: "broker-restart",
  question: "Which tasks does a broker still have after a crash?",
  dotMs: 400,
  minDotMs: 100, // as often as a worker tells of a task in hand: the broker is killed in the middle of two
  killsBroker: true,
  adjustable: false,
  plan: () =>
    "Two workers have a task each in hand, and behind these wait persistent tasks (Disk 1 to 6) and transient ones (RAM 1 to 4, sent with new-task --transient), all in a durable queue. Then the broker is killed (kill -9) and started again; nobody touches the workers.",
  async run(lesson) {
    const { events } = lesson.begin("");
    const queue = lesson.newQueue("broker-restart");
    for (const name of ["worker-1", "worker-2"]) await lesson.worker(name, queue);
    await lesson.send(queue, persistentTasks);
    await lesson.send(queue, transientTasks, "--transient");
    // Both in mid-task, so that no ack is on its way: a classic queue that is killed forgets the latest ones.
    await lesson.until(
      () => inMidTask(events) === 2,
      () => allDone(events, persistentTasks.length + transientTasks.length),
    );
    await lesson.killBroker();
    await lesson.restartBroker();
    const left = new Set(ids(events, true));
    await lesson.until(() => notDone(events).every(({ id }) => !left.has(id)));
    // Where a transient task is still there (in a quorum queue say), it is worked too.
    const worked = counter(events, "task-done");
    for (let before = worked(); (await lesson.lookAtQueue(queue)).ready > 0; before = worked())
      await lesson.until(() => worked() > before);
    await lesson.stopWorkers();
    const killedAt = time(events, "broker-killed");
    const backAt = time(events, "broker-back");
    for (const task of notDone(events))
      lesson.report({ event: "task-lost", name: BROKER, task }, new Date(backAt));
    const done = all(events, "task-done").map(({ task }) => task.id);
    const again = all(events, "task-received").find(({ at }) => at.getTime() > killedAt);
    const declared = all(events, "queue-declared").filter(({ at }) => at.getTime() > killedAt);
    return {
      persistent: kept(events, true),
      transient: kept(events, false),
      found: Math.max(0, ...declared.map(({ ready }) => ready)),
      redelivered: all(events, "task-received").filter(({ redelivered }) => redelivered).length,
      doneTwice: done.length - new Set(done).size,
      down: (backAt - killedAt) / 1000,
      backAtWork: Math.max((again?.at.getTime() ?? backAt) - backAt, 0) / 1000,
    };
  },
  findings: ({ persistent, transient, found, redelivered, doneTwice, down, backAtWork }) => [
    `The broker was away for ${inSeconds(down)} and came back with ${count(found, "task")}. Persistent: ${of(persistent.done, persistent.confirmed, "tasks")} done, ${persistent.lost} lost. Transient: ${of(transient.done, transient.confirmed, "tasks")} done, ${transient.lost} lost.`,
    `The workers connected again by themselves and had a task ${inSeconds(backAtWork)} after the broker was back${doneTwice === 0 ? "; no task was done twice" : `; ${count(doneTwice, "task")} came and was done twice`}.`,
    "A durable queue is still there after a crash, but of its messages only those published as persistent, which new-task's are unless you say --transient. The tasks that were in hand had not been acknowledged, so they came again.",
    `${count(redelivered, "task")} came marked as redelivered: after a crash the broker does not always know which ones were with a worker, and says so of every task that may have been.`,
  ],
  byHand: [
    "terminal 1   $ docker compose up -d --wait && worker",
    "terminal 2   $ seq -f 'Disk %g....' 6 | new-task --file -",
    "             $ seq -f 'RAM %g....' 4 | new-task --transient --file -",
    "terminal 3   $ docker compose kill rabbitmq && docker compose up -d --wait",
  ],
  readOn: ["https://www.rabbitmq.com/docs/queues#durability", "https://www.rabbitmq.com/docs/reliability"],
};

/** How many workers have done half of a task. */
function inMidTask(events: readonly TimelineEvent[]): number {
  const busy = new Set<string>();
  for (const event of events)
    if (event.event === "task-progress" && event.dotsDone >= 2) busy.add(event.name);
    else if (event.event === "task-done") busy.delete(event.name);
  return busy.size;
}

const ids = (events: readonly TimelineEvent[], persistent: boolean): string[] =>
  all(events, "task-sent")
    .filter((sent) => sent.persistent === persistent)
    .map(({ task }) => task.id);

function kept(events: readonly TimelineEvent[], persistent: boolean): Kept {
  const sent = new Set(ids(events, persistent));
  const confirmed = all(events, "task-confirmed").filter(({ task }) => sent.has(task.id)).length;
  const lost = notDone(events).filter(({ id }) => sent.has(id)).length;
  return { confirmed, done: confirmed - lost, lost };
}

const time = (events: readonly TimelineEvent[], name: TimelineEvent["event"]): number =>
  events.find(({ event }) => event === name)?.at.getTime() ?? 0;
