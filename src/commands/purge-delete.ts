import type { ChannelModel } from "amqplib";
import type { SessionTarget } from "../engine/connection/session.js";
import { withConnection } from "../engine/connection/with-connection.js";
import { WorkQueueError } from "../engine/errors.js";
import {
  type DeleteConditions,
  deleteQueue,
  lookAtQueue,
  purgeQueue,
} from "../engine/manage/queue-operations.js";
import { connectionWarnings } from "../report/line-writer.js";
import { askYesNo } from "../terminal/prompts.js";
import { canAsk, type Terminal } from "../terminal/terminal.js";
import { count } from "../text/numbers.js";
import { printable } from "../text/printable.js";

/** What `task-queue purge` and `task-queue delete` were asked. */
export interface ClearOptions extends SessionTarget {
  queue: string;
  /** Do not ask first. */
  yes: boolean;
}

/** Drops the ready tasks, after asking; returns the exit code. @throws WorkQueueError as clear does */
export function purge(options: ClearOptions, terminal: Terminal): Promise<number> {
  return clear(options, terminal, {
    question: (tasks) => `Drop the ${tasks} of queue ${quoted(options.queue)}?`,
    declined: "Nothing was dropped.",
    order: async (connection) => {
      const gone = await purgeQueue(connection, options.queue);
      return [
        `Dropped ${count(gone, "ready task")} of queue ${quoted(options.queue)}.`,
        "Tasks in workers' hands stay.",
      ];
    },
  });
}

/** Deletes the queue, after asking; returns the exit code. @throws WorkQueueError as clear does; QUEUE_KEPT */
export function deleteIt(options: ClearOptions & DeleteConditions, terminal: Terminal): Promise<number> {
  return clear(options, terminal, {
    question: (tasks) => `Delete queue ${quoted(options.queue)} and its ${tasks}?`,
    declined: "Nothing was deleted.",
    order: async (connection) => {
      const { ready, workers } = await deleteQueue(connection, options.queue, options);
      const told = `Deleted queue ${quoted(options.queue)}; ${count(ready, "ready task")} went with it.`;
      if (workers === 0) return [told];
      return [told, "So did the tasks in workers' hands. A worker that goes on declares the queue anew."];
    },
  });
}

interface Clearing {
  /** @param tasks how many, as words */
  question(tasks: string): string;
  declined: string;
  /** Does it, and returns what is told of it. */
  order(connection: ChannelModel): Promise<string[]>;
}

/** @throws WorkQueueError USAGE where it must ask and there is nobody to ask; as the engine does */
async function clear(options: ClearOptions, terminal: Terminal, clearing: Clearing): Promise<number> {
  const { stdout, outColors } = terminal;
  const { queue, yes } = options;
  const target = { ...options, report: connectionWarnings(terminal) };
  if (!yes) {
    if (!canAsk(terminal))
      throw new WorkQueueError(
        "USAGE",
        "It asks first, and there is nobody to ask here; --yes does it without asking.",
      );
    // A connection of its own: the answer may take its time.
    const { ready, workers } = await withConnection(target, (connection) => lookAtQueue(connection, queue));
    const question = clearing.question(count(ready, "ready task"));
    const listening = `${count(workers, "worker")} ${workers === 1 ? "listens" : "listen"} on it.`;
    if (!(await askYesNo(`${question} ${listening} [y/N] `, terminal))) {
      stdout.write(`${clearing.declined}\n`);
      return 1;
    }
  }
  const [done = "", ...more] = await withConnection(target, clearing.order);
  stdout.write(` ${outColors.green("[x]")} ${done}\n${more.map((line) => `     ${line}\n`).join("")}`);
  return 0;
}

const quoted = (queue: string): string => `'${printable(queue, 255)}'`;
