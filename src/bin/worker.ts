#!/usr/bin/env node
import "./compile-cache.js";
import { Option } from "commander";
import { defaults } from "../engine/defaults.js";
import { WorkQueueError } from "../engine/errors.js";
import {
  checked,
  durationOption,
  processName,
  queueCommand,
  queueOptions,
  type SharedFlags,
} from "./options.js";
import { parseDuration, shortString, wholeNumber } from "./parse.js";
import { action, runCommand } from "./run.js";

interface Flags extends SharedFlags {
  concurrency: number;
  prefetch?: number;
  dot: number;
  autoAck?: true;
  consumerTimeout?: number;
  maxTasks?: number;
  exitWhenEmpty?: true;
  grace?: number;
  name?: string;
}

const signals = `
Signals:
  The first Ctrl-C (SIGINT, SIGTERM, SIGHUP) takes no more tasks, finishes what is in hand and leaves with 0.
  The second hands it back to the queue, for another worker, and leaves at once.

Examples:
  worker                             run it in several terminals: each takes the next task when it is free
  worker --max-tasks 1 --json        one task, its events as JSON
  worker --exit-when-empty           work off the queue and leave`;

const command = queueCommand(
  "worker",
  "Take tasks from the work queue, one at a time; a second of work for every dot.",
)
  .addOption(
    new Option("-c, --concurrency <n>", "tasks at a time in this process")
      .argParser(checked(wholeNumber(1, 65_535)))
      .default(defaults.concurrency),
  )
  .addOption(
    new Option(
      "--prefetch <n>",
      "tasks sent ahead of their acks; 0: no limit (default: the concurrency)",
    ).argParser(checked(wholeNumber(0, 65_535))),
  )
  .addOption(
    new Option("--dot <duration>", "work per dot")
      .argParser(checked(parseDuration))
      .default(defaults.dotMs, "1s"),
  )
  .option("--auto-ack", "count a task as done when it is sent: what a worker holds is lost with it")
  .addOption(
    durationOption(
      "--consumer-timeout <duration>",
      "how long the broker waits for an ack before it takes the task back (quorum queues, RabbitMQ 4.3 and later)",
    ),
  )
  .addOption(
    new Option("--max-tasks <n>", "stop after this many tasks").argParser(checked(wholeNumber(1, 2 ** 31))),
  )
  .option("--exit-when-empty", "stop when the queue is drained and nothing is in hand")
  .addOption(
    durationOption(
      "--grace <duration>",
      "hand tasks back when a graceful stop takes longer (default: no limit)",
    ),
  )
  .addOption(
    new Option(
      "--name <name>",
      "name on screen, in JSON and in the admin UI (default: worker@<host>:<pid>)",
    ).argParser(checked(shortString)),
  )
  .addHelpText("after", signals)
  .allowExcessArguments(false)
  .action(
    action<Flags>(async (flags, terminal) => {
      refuseContradictions(flags);
      const { worker } = await import("../commands/worker.js");
      return worker(
        {
          ...(await queueOptions(flags, terminal)),
          name: flags.name ?? processName("worker"),
          concurrency: flags.concurrency,
          prefetch: flags.prefetch ?? flags.concurrency,
          dotMs: flags.dot,
          autoAck: flags.autoAck ?? false,
          consumerTimeoutMs: flags.consumerTimeout,
          maxTasks: flags.maxTasks,
          exitWhenEmpty: flags.exitWhenEmpty ?? false,
          graceMs: flags.grace,
        },
        terminal,
      );
    }),
  );

/** @throws WorkQueueError USAGE */
function refuseContradictions({ concurrency, prefetch, autoAck, maxTasks }: Flags): void {
  if (prefetch !== undefined && prefetch > 0 && prefetch < concurrency)
    throw new WorkQueueError(
      "USAGE",
      `With --prefetch ${prefetch} the broker never sends the ${concurrency} tasks at a time that --concurrency asks for.`,
    );
  if (autoAck && maxTasks !== undefined)
    throw new WorkQueueError(
      "USAGE",
      "With --auto-ack the broker sends all its tasks at once: after --max-tasks the rest of them would be lost.",
    );
}

await runCommand(command, process.argv.slice(2));
