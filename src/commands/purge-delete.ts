import { WorkQueueError } from "../engine/errors.js";
import {
  type DeleteConditions,
  deleteQueue as deleteOnBroker,
  lookAtQueue,
  purgeQueue as purgeOnBroker,
  type QueueRequest,
} from "../engine/manage/queue-operations.js";
import { connectionWarnings } from "../report/event-line.js";
import { askYesNo } from "../terminal/prompts.js";
import { canAsk, type Terminal } from "../terminal/terminal.js";
import { count } from "../text/numbers.js";
import { printable } from "../text/printable.js";

/** What `task-queue purge` and `task-queue delete` were asked. */
export interface PurgeOptions extends Omit<QueueRequest, "report"> {
  /** Do not ask first. */
  yes: boolean;
}

/** Drops the ready tasks, after asking; returns the exit code. @throws WorkQueueError as askAndDo does */
export function purgeQueue(options: PurgeOptions, terminal: Terminal): Promise<number> {
  return askAndDo(options, terminal, {
    question: (tasks) =>
      tasks > 0 && `Drop the ${count(tasks, "ready task")} of queue ${quoted(options.queue)}?`,
    nothing: `Queue ${quoted(options.queue)} has no ready task to drop.`,
    declined: "Nothing was dropped.",
    do: async (request) => {
      const gone = await purgeOnBroker(request);
      return [
        `Dropped ${count(gone, "ready task")} of queue ${quoted(options.queue)}.`,
        "Unacknowledged tasks stay.",
      ];
    },
  });
}

/** Deletes the queue, after asking; returns the exit code. @throws WorkQueueError as askAndDo does; QUEUE_KEPT */
export function deleteQueue(options: PurgeOptions & DeleteConditions, terminal: Terminal): Promise<number> {
  return askAndDo(options, terminal, {
    question: (tasks) =>
      tasks > 0
        ? `Delete queue ${quoted(options.queue)} and its ${count(tasks, "ready task")}?`
        : `Delete queue ${quoted(options.queue)}? It has no ready task.`,
    nothing: "",
    declined: "Nothing was deleted.",
    do: async (request) => {
      const { ready, workers } = await deleteOnBroker(request, options);
      const done = `Deleted queue ${quoted(options.queue)}; ${count(ready, "ready task")} went with it.`;
      if (workers === 0) return [done];
      return [done, "So did unacknowledged tasks. A running worker declares the queue again."];
    },
  });
}

interface Order {
  /** The question about a queue with so many ready tasks; false where there is nothing to do. */
  question(tasks: number): string | false;
  /** What is printed then. */
  nothing: string;
  declined: string;
  /** Does it, and returns the lines that say what was done. */
  do(request: QueueRequest): Promise<string[]>;
}

/** @throws WorkQueueError USAGE where it must ask and cannot; as the engine does */
async function askAndDo(options: PurgeOptions, terminal: Terminal, order: Order): Promise<number> {
  const { output, colors } = terminal;
  const request = { ...options, report: connectionWarnings(terminal) };
  if (!options.yes) {
    if (!canAsk(terminal))
      throw new WorkQueueError("USAGE", "There is no terminal to ask on; --yes skips the question.");
    // A separate connection: the user may answer late.
    const { ready, workers } = await lookAtQueue(request);
    const question = order.question(ready);
    if (question === false) {
      output.out(order.nothing);
      return 0;
    }
    const listening = `${count(workers, "worker")} ${workers === 1 ? "listens" : "listen"} on it.`;
    if (!(await askYesNo(`${question} ${listening} [y/N] `, terminal))) {
      output.out(order.declined);
      return 1;
    }
  }
  const [done = "", ...more] = await order.do(request);
  output.out(` ${colors.out.green("[x]")} ${done}`);
  for (const line of more) output.out(`     ${line}`);
  return 0;
}

const quoted = (queue: string): string => `'${printable(queue, 255)}'`;
