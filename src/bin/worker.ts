#!/usr/bin/env node
import "./compile-cache.js";
import { Option } from "@commander-js/extra-typings";
import { defaults } from "../engine/defaults.js";
import { WorkQueueError } from "../engine/errors.js";
import { checked, durationOption, queueCommand, queueOptions, typedAs } from "./options.js";
import { shortString, wholeNumber } from "./parse.js";
import { perform, processName, runCommand } from "./run.js";

const signals = `
Signals:
  On the first Ctrl-C (SIGINT, SIGTERM, SIGHUP) it takes no more tasks,
  finishes running ones and exits with 0. On the second it requeues them and
  exits.

Examples:
  worker                         in several terminals: each task to an idle one
  worker --max-tasks 1 --json    one task, its events as JSON
  worker --exit-when-empty       empty the queue, then exit`;

const command = queueCommand(
  typedAs("worker"),
  "Take tasks from the work queue, one at a time; a second of work for every dot.",
  ["130  ended by a second Ctrl-C (143: SIGTERM), or by --grace"],
)
  .addOption(
    new Option("-c, --concurrency <n>", "tasks at a time in this process")
      .default(defaults.concurrency as number)
      .argParser(checked(wholeNumber(1, 65_535))),
  )
  .addOption(
    new Option(
      "--prefetch <n>",
      "tasks sent ahead of their acks; 0: no limit (default: the concurrency)",
    ).argParser(checked(wholeNumber(0, 65_535))),
  )
  .addOption(durationOption("--dot <duration>", "work per dot").default(defaults.dotMs as number, "1s"))
  .option("--auto-ack", "count a task as done when sent: a worker that dies loses its tasks")
  .addOption(
    durationOption(
      "--consumer-timeout <duration>",
      "how long the broker waits for an ack before it takes the task back (quorum queues, RabbitMQ 4.3 and later)",
    ),
  )
  .addOption(
    new Option("--max-tasks <n>", "stop after this many tasks").argParser(checked(wholeNumber(1, 2 ** 31))),
  )
  .option("--exit-when-empty", "stop when the queue is empty and no task is running")
  .addOption(
    durationOption(
      "--grace <duration>",
      "requeue tasks when a graceful stop takes longer (default: no limit)",
    ),
  )
  .addOption(
    new Option(
      "--name <name>",
      "name in JSON, in status and in the admin UI (default: worker@<host>:<pid>)",
    ).argParser(checked(shortString)),
  )
  .addHelpText("after", signals)
  .allowExcessArguments(false)
  .action((flags) =>
    perform(flags, async (terminal) => {
      const { concurrency, prefetch = concurrency, autoAck = false, maxTasks } = flags;
      if (prefetch > 0 && prefetch < concurrency)
        throw new WorkQueueError(
          "USAGE",
          `With --prefetch ${prefetch} the broker never sends the ${concurrency} tasks at a time that --concurrency asks for.`,
        );
      if (autoAck && maxTasks !== undefined)
        throw new WorkQueueError(
          "USAGE",
          "With --auto-ack the broker sends all its tasks at once: after --max-tasks the rest of them would be lost.",
        );
      const { worker } = await import("../commands/worker.js"); // not for --help
      return worker(
        {
          ...(await queueOptions(flags, terminal)),
          name: flags.name ?? processName("worker"),
          concurrency,
          prefetch,
          dotMs: flags.dot,
          autoAck,
          consumerTimeoutMs: flags.consumerTimeout,
          maxTasks,
          exitWhenEmpty: flags.exitWhenEmpty ?? false,
          graceMs: flags.grace,
        },
        terminal,
      );
    }),
  );

await runCommand(command, process.argv.slice(2));
