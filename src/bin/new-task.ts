#!/usr/bin/env node
import "./compile-cache.js";
import { Option } from "@commander-js/extra-typings";
import type { OpenChoice } from "../commands/admin.js";
import { defaults } from "../engine/defaults.js";
import { WorkQueueError } from "../engine/errors.js";
import { adminUrlOption, checked, durationOption, queueCommand, queueOptions, typedAs } from "./options.js";
import { wholeNumber } from "./parse.js";
import { perform, processName, runCommand } from "./run.js";

const examples = `
Examples:
  new-task "First message."      one second of work: one dot
  new-task --file tasks.csv      one task per row (other files: per line)
  new-task -- --not-an-option..  a message that starts with a dash`;

const path = typedAs("new-task");
const command = queueCommand(path, "Publish a task, or a file of tasks, to the work queue.", [
  "130  ended by a second Ctrl-C (143: second SIGTERM)",
])
  .argument(
    "[message...]",
    `the task; every dot in it is one second of work (default: "${defaults.message}")`,
  )
  .option(
    "-f, --file <path>",
    "publish one task per line; a .csv: per row, its first column; - is standard input",
  )
  .addOption(
    new Option("--from-line <n>", "begin --file at the line an earlier run named").argParser(
      checked(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
    ),
  )
  .addOption(durationOption("--ttl <duration>", "drop a task that no worker took within this time"))
  .option("--transient", "not persistent: such tasks are gone when the broker restarts")
  .addOption(
    durationOption("--confirm-timeout <duration>", "give up after this long without any confirm", 1).default(
      defaults.confirmTimeoutMs as number,
      "30s",
    ),
  )
  .option(
    "--open",
    "open RabbitMQ's admin UI at this queue (default: ask, on a terminal, once in ten minutes)",
  )
  .option("--no-open", "do not open it and do not ask (env: TASK_QUEUE_OPEN, ask, yes or no)")
  .addOption(adminUrlOption())
  .addHelpText("after", examples)
  .showHelpAfterError(
    `See ${path} --help. A message that starts with a dash goes after --: ${path} -- -5 things`,
  )
  .action((words, flags) =>
    perform(flags, async (terminal) => {
      if (flags.file !== undefined && words.length > 0)
        throw new WorkQueueError("USAGE", "Give a message or --file, not both.");
      if (flags.file === undefined && flags.fromLine !== undefined)
        throw new WorkQueueError("USAGE", "--from-line needs --file.");
      const { newTask } = await import("../commands/new-task.js"); // not for --help
      return newTask(
        {
          ...(await queueOptions(flags, terminal)),
          name: processName("new-task"),
          message: words.length === 0 ? defaults.message : words.join(" "),
          file: flags.file,
          fromLine: flags.fromLine ?? 1,
          ttlMs: flags.ttl,
          persistent: flags.transient !== true,
          confirmTimeoutMs: flags.confirmTimeout,
          open: openChoice(flags.open, process.env["TASK_QUEUE_OPEN"]),
          adminUrl: flags.adminUrl,
        },
        terminal,
      );
    }),
  );

/** The flag, else the environment, else to ask. @throws WorkQueueError USAGE */
function openChoice(flag: boolean | undefined, variable: string | undefined): OpenChoice {
  if (flag !== undefined) return flag ? "yes" : "no";
  if (variable === undefined) return "ask";
  const choice = variable.toLowerCase();
  if (choice === "ask" || choice === "yes" || choice === "no") return choice;
  throw new WorkQueueError("USAGE", `TASK_QUEUE_OPEN is ask, yes or no, not "${variable}".`);
}

await runCommand(command, process.argv.slice(2));
