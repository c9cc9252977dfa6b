import { count, inSeconds } from "../text/numbers.js";
import { BROKER } from "../timeline/timeline.js";
import type { TimelineEvent } from "../timeline/timeline-event.js";
import { all, allDone, notDone, of } from "./harness/measure.js";
import type { Lesson } from "./lesson.js";

const persistentTasks = Array.from({ length: 6 }, (_, at) => `Disk ${at + 1}....`);
const transientTasks = Array.from({ length: 4 }, (_, at) => `RAM ${at + 1}....`);

/** What became of the persistent, or of the transient tasks. */
interface Outcome {
  confirmed: number;
  /** Different tasks done. */
  done: number;
  lost: number;
}

interface Restart {
  persistent: Outcome;
  transient: Outcome;
  /** Tasks ready in the queue when the first worker had connected again. */
  found: number;
  /** Tasks received with the redelivered flag. */
  redelivered: number;
  /** Tasks done more than once. */
  doneTwice: number;
  /** Time without a broker, in s. */
  down: number;
  /** From the broker's restart to the first task received, in s. */
  untilFirstTask: number;
}

/** Persistent and transient tasks in a durable queue while the broker is killed and started again. */
export const brokerRestart: Lesson<Restart> = {
  name: "broker-restart",
  question: "Which tasks does a broker still have after a crash?",
  dotMs: 400,
  minDotMs: 100, // workers report progress every 100 ms, and the broker is killed while two tasks are half done
  killsBroker: true,
  adjustable: false,
  plan: () =>
    "A durable queue has six persistent tasks (Disk 1 to 6) and four transient ones (RAM 1 to 4, sent with new-task --transient); two workers are each doing one. Then the broker is killed (kill -9) and started again; the workers keep running.",
  async run(lesson) {
    const { events } = lesson.begin("");
    const queue = lesson.newQueue("broker-restart");
    for (const name of ["worker-1", "worker-2"]) await lesson.worker(name, queue);
    lesson.saveDeclarations();
    // Both have started before the first task is sent, for the workers would do some during a start.
    const [send, sendTransient] = [await lesson.sender(queue), await lesson.sender(queue, "--transient")];
    await send(persistentTasks);
    await sendTransient(transientTasks);
    // Both are in the middle of a task, so that no ack is in flight: a classic queue loses the latest acks in a crash.
    await lesson.until(
      "both workers to be in the middle of a task",
      () => halfDone(events) === 2,
      () => allDone(events, persistentTasks.length + transientTasks.length),
    );
    await lesson.killBroker();
    await lesson.restartBroker();
    const kept = new Set(ids(events, true));
    await lesson.untilWorked(queue, () => notDone(events).every(({ id }) => !kept.has(id)));
    // A transient task may survive, in a quorum queue for example: then it is done too.
    if (!(await lesson.isEmpty(queue))) await lesson.untilWorked(queue, () => notDone(events).length === 0);
    await lesson.stopWorkers();
    const killedAt = time(events, "broker-killed");
    const backAt = time(events, "broker-back");
    for (const task of notDone(events))
      lesson.report({ event: "task-lost", name: BROKER, task }, new Date(killedAt));
    const doneIds = all(events, "task-done").map(({ task }) => task.id);
    const first = all(events, "task-received").find(({ at }) => at.getTime() > killedAt);
    const declared = all(events, "queue-declared").filter(({ at }) => at.getTime() > killedAt);
    return {
      persistent: outcome(events, true),
      transient: outcome(events, false),
      found: Math.max(0, ...declared.map(({ ready }) => ready)),
      redelivered: all(events, "task-received").filter(({ redelivered }) => redelivered).length,
      doneTwice: doneIds.length - new Set(doneIds).size,
      down: (backAt - killedAt) / 1000,
      untilFirstTask: Math.max((first?.at.getTime() ?? backAt) - backAt, 0) / 1000,
    };
  },
  findings: ({ persistent, transient, found, redelivered, doneTwice, down, untilFirstTask }) => [
    `The broker was down for ${inSeconds(down)} and had ${count(found, "task")} after its restart. Persistent: ${of(persistent.done, persistent.confirmed, "tasks")} done, ${persistent.lost} lost. Transient: ${of(transient.done, transient.confirmed, "tasks")} done, ${transient.lost} lost.`,
    `The workers connected again by themselves and received a task ${inSeconds(untilFirstTask)} after the broker was back; ${doneTwice === 0 ? "no task was done twice" : `done twice: ${count(doneTwice, "task")}`}.`,
    ...(found === 0 && persistent.lost > 0
      ? [
          "The broker has forgotten the queue itself, and so all that was in it: the queue's declaration was not on its disk yet.",
        ]
      : []),
    "A durable queue survives a crash, but only with those of its messages that were published as persistent. new-task publishes persistent messages unless --transient is given. The tasks that the workers were doing had not been acknowledged, so they were redelivered.",
    `${count(redelivered, "task")} came marked as redelivered: after a crash the broker does not always know which tasks it had delivered before, and marks every one that it may have.`,
  ],
  byHand: ({ worker, newTask, dot }) => [
    [`${worker}${dot}`],
    [`${worker}${dot}`],
    [
      `seq -f 'Disk %g....' 6 | ${newTask} --file -`,
      `seq -f 'RAM %g....' 4 | ${newTask} --transient --file -`,
      "docker compose kill rabbitmq && docker compose up -d --wait",
    ],
  ],
  readOn: ["https://www.rabbitmq.com/docs/queues#durability", "https://www.rabbitmq.com/docs/reliability"],
};

/** How many workers have done at least half of a task's four dots. */
function halfDone(events: readonly TimelineEvent[]): number {
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

function outcome(events: readonly TimelineEvent[], persistent: boolean): Outcome {
  const sent = new Set(ids(events, persistent));
  const confirmed = all(events, "task-confirmed").filter(({ task }) => sent.has(task.id)).length;
  const lost = notDone(events).filter(({ id }) => sent.has(id)).length;
  return { confirmed, done: confirmed - lost, lost };
}

const time = (events: readonly TimelineEvent[], name: TimelineEvent["event"]): number =>
  events.find(({ event }) => event === name)?.at.getTime() ?? 0;
