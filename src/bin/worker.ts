#!/usr/bin/env node
import "./compile-cache.js";
import { Option } from "@commander-js/extra-typings";
import type { WorkerCommand } from "../commands/worker.js";
import { defaults } from "../engine/defaults.js";
import { WorkQueueError } from "../engine/errors.js";
import { durationText } from "../text/numbers.js";
import { checked, durationOption, queueCommand, queueOptions, typedAs } from "./options.js";
import { parseExitCodes, parseRetry, shortString, wholeNumber } from "./parse.js";
import { perform, processName, runCommand } from "./run.js";

/** Options that say how a command is run. */
const commandOptions = [
  ["timeout", "--timeout"],
  ["killAfter", "--kill-after"],
  ["retry", "--retry"],
  ["deadOn", "--dead-on"],
] as const;

/** EX_DATAERR of sysexits.h: the input data was incorrect. */
const DATA_ERROR = 65;

const more = `
Commands (docs/jobs.md):
  The command is run once for each task, without a shell: the body on standard
  input, and in the place of {} in an argument. Exit code 0: done. 65, or one of
  --dead-on: a dead letter. 126, 127: the worker stops with 1, the task goes
  back. Any other, a signal, --timeout: a failed attempt. It finds TASK_ID,
  TASK_BYTES, TASK_QUEUE, TASK_ATTEMPT, TASK_REDELIVERED and TASK_WORKER in its
  environment.

Signals:
  On the first Ctrl-C (SIGINT, SIGTERM, SIGHUP) it takes no more tasks,
  finishes running ones and exits with 0. On the second it requeues them and
  exits; a running command gets SIGTERM first.

Examples:
  worker                         in several terminals: each task to an idle one
  worker --max-tasks 1 --json    one task, its events as JSON
  worker --exit-when-empty       empty the queue, then exit
  worker -c 4 -- ./resize small  a command for each task, four at a time`;

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
  .addOption(
    durationOption("--timeout <duration>", "a command that takes longer has failed (default: no limit)"),
  )
  .addOption(
    durationOption("--kill-after <duration>", "from SIGTERM to SIGKILL for a command that is to end").default(
      defaults.killAfterMs as number,
      "5s",
    ),
  )
  .addOption(
    new Option(
      "--retry <durations>",
      "how long a failed task waits before each further attempt, then it is a dead letter; none: at once; broker: it is requeued",
    )
      .default([...defaults.retryMs] as number[] | "broker", defaults.retryMs.map(durationText).join(","))
      .argParser(checked(parseRetry)),
  )
  .addOption(
    new Option(
      "--dead-on <codes>",
      `exit codes of a command that make a dead letter at once, besides ${DATA_ERROR}`,
    )
      .default([] as number[], "none")
      .argParser(checked(parseExitCodes)),
  )
  .argument("[command...]", "behind --: a command that does the tasks in the dots' place")
  .addHelpText("after", more)
  .action((words, flags, self) =>
    perform(flags, async (terminal) => {
      const command = commandOf(words, flags, (option) => self.getOptionValueSource(option) === "cli");
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
          command,
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

interface CommandFlags {
  timeout?: number | undefined;
  killAfter: number;
  retry: number[] | "broker";
  deadOn: number[];
  autoAck?: true | undefined;
}

/** The command behind `--`, if there is one. @throws WorkQueueError USAGE */
function commandOf(
  words: string[],
  flags: CommandFlags,
  isGiven: (option: "timeout" | "killAfter" | "retry" | "deadOn" | "dot") => boolean,
): WorkerCommand | undefined {
  const usage = (message: string) => new WorkQueueError("USAGE", message);
  const at = process.argv.indexOf("--");
  const behind = at < 0 ? 0 : process.argv.length - at - 1;
  if (words.length !== behind)
    throw usage(`A command goes behind --: worker -- ${words[0]}. A worker takes its tasks from the queue.`);
  const [program, ...rest] = words;
  if (program === undefined || program === "") {
    if (at >= 0) throw usage("There is no command behind --: worker -- ./resize --width 800");
    for (const [option, flag] of commandOptions)
      if (isGiven(option)) throw usage(`${flag} is for a command: worker ${flag} … -- ./resize`);
    return undefined;
  }
  if (isGiven("dot")) throw usage("--dot is for the dots; a command takes the time it takes.");
  if (flags.autoAck)
    throw usage(
      "With --auto-ack a task counts as done before its command has begun: it is for the dots only.",
    );
  return {
    words: [program, ...rest],
    timeoutMs: flags.timeout,
    killAfterMs: flags.killAfter,
    deadOn: new Set([DATA_ERROR, ...flags.deadOn]),
    retry: flags.retry,
  };
}

await runCommand(command, process.argv.slice(2));
