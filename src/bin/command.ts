import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseDuration, shortString } from "../cli/parse.js";
import { printable } from "../cli/printable.js";
import { errorLines, exitCodeOf } from "../cli/remedy.js";
import { processTerminal, type Terminal } from "../cli/terminal.js";
import { BrokerUrl } from "../queue/broker-url.js";
import { defaults } from "../queue/defaults.js";
import type { QueueType } from "../queue/events.js";

/** What the three doors have in common: shared options, help, and the way from an error to an exit code. */

const packageFile = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

const exitCodes = `
Exit codes:
  0    done
  1    it could not be done; the error says why and what to do
  2    wrong usage
  130  left by a second Ctrl-C (143: by a second SIGTERM)

Durations read 250ms, 1s, 5m, 2h. A flag beats its environment variable, which beats the default.`;

/** Makes a parser of ours one for commander, which adds the option and the value to the message. */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

/** An option with a duration in ms. */
export function durationOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(checked(parseDuration));
}

/** A command with nothing but what every command of ours has; `path` is what is typed to reach it. */
export function bareCommand(name: string, description: string, path = name): Command {
  return new Command(name)
    .description(description)
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", exitCodes)
    .showHelpAfterError(
      `See ${path} --help.${name === "new-task" ? " A message that starts with a dash goes behind --: new-task -- -5 things" : ""}`,
    )
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          text
            .split("\n")
            .map((line) => printable(line, 500))
            .join("\n"),
        ),
    });
}

/** The shared options as commander gives them. */
export interface SharedFlags {
  url: string;
  queue: string;
  queueType?: QueueType;
  wait?: number;
  json?: true;
  explain?: true;
  color: boolean;
}

/** A command that talks to the broker about one queue. */
export function queueCommand(name: string, description: string): Command {
  return bareCommand(name, description)
    .addOption(new Option("-u, --url <url>", "where RabbitMQ is").env("AMQP_URL").default(defaults.url))
    .addOption(
      new Option("-q, --queue <name>", "the queue of the tasks")
        .env("TASK_QUEUE")
        .default(defaults.queue)
        .argParser(checked(shortString)),
    )
    .addOption(
      new Option(
        "--queue-type <type>",
        "declare the queue as this type (default: as the broker is set up)",
      ).choices(["classic", "quorum"]),
    )
    .addOption(
      durationOption(
        "--wait <duration>",
        "keep trying the first connection this long (default: fail at once)",
      ),
    )
    .option("--json", "print one JSON event per line (docs/events.md)")
    .option("--explain", "say what each AMQP step is and what it buys")
    .option("--no-color", "no colours (also: NO_COLOR)");
}

/** The engine's side of the shared flags. @throws WorkQueueError BAD_URL */
export function queueOptions(flags: SharedFlags) {
  return {
    url: brokerUrl(flags.url),
    queue: flags.queue,
    queueType: flags.queueType,
    waitMs: flags.wait ?? 0,
    json: flags.json ?? false,
    explain: flags.explain ?? false,
  };
}

/** How this process is called on screen, in JSON and in the admin UI unless it is given a name. */
export const processName = (command: string): string => `${command}@${hostname()}:${process.pid}`;

/**
 * Parses a URL that may hold a password, and hides it from `ps`: the process title is the command line
 * without it. @throws WorkQueueError BAD_URL
 */
function brokerUrl(text: string): BrokerUrl {
  if (process.argv.some((word) => word.includes(text)) && text.includes("@"))
    process.title = process.argv.map((word) => word.replace(text, "amqp://…")).join(" ");
  return new BrokerUrl(text);
}

/** Runs a command to its exit code. The process ends by itself, when nothing is left to do. */
export async function runCommand(command: Command, argv: readonly string[]): Promise<void> {
  // A reader that goes away (`worker --help | head -1`) is no reason to die with a stack.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // An empty variable is one that is not set.
  for (const name of ["AMQP_URL", "TASK_QUEUE", "TASK_QUEUE_OPEN", "TASK_QUEUE_IMAGE"])
    if (process.env[name] === "") delete process.env[name];
  try {
    await command.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = explainFailure(error);
  }
}

/** Wraps a command's work: hands it the terminal and takes its exit code. */
export function action<F extends { color?: boolean }>(
  work: (flags: F, terminal: Terminal, words: string[]) => Promise<number>,
): (this: Command) => Promise<void> {
  return async function (this: Command) {
    const flags = this.opts<F>();
    process.exitCode = await work(flags, processTerminal(flags.color ?? true), this.args);
  };
}

function explainFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  const { stderr, errColors } = processTerminal(!process.argv.includes("--no-color"));
  const [first = "", ...rest] = errorLines(error, Boolean(process.env["DEBUG"]));
  stderr.write(`${errColors.red(first)}\n${rest.map((line) => `${line}\n`).join("")}`);
  return exitCodeOf(error);
}
