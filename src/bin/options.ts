import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ConnectionFlags } from "../commands/connection-options.js";
import { defaults } from "../engine/defaults.js";
import type { QueueType } from "../engine/events.js";
import type { Terminal } from "../terminal/terminal.js";
import { printable } from "../text/printable.js";
import { parseDuration, shortString } from "./parse.js";

/**
 * What the three doors have in common: shared options, help, and the way from an error to an exit code. What --help
 * has no use for is imported where it is used.
 */

const packageFile = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

const exitCodes = `
Exit codes:
  0    done
  1    it could not be done; the error says why and what to do
  2    wrong usage
  130  left by a second Ctrl-C (143: by a second SIGTERM), or when --grace was over; a lesson: by the first

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
      // One line: its breaks are the value's own, but for the one before a suggestion.
      outputError: (text, write) =>
        write(
          `${printable(withoutSecrets(text.trimEnd().replace(/\n(\(Did you mean [^\n]*)$/, " $1")), 500)}\n`,
        ),
    });
}

/** Commander repeats what it does not understand; a password may be in it: `--password=...`, `--uri=amqp://...`. */
function withoutSecrets(text: string): string {
  return text
    .replace(/(unknown option '--[\w-]*=).*(')/s, "$1…$2")
    .replace(/(unknown option '-[^-]).+(')/s, "$1…$2")
    .replace(/\/\/[^/]*@/g, "//…@");
}

/** The shared options as commander gives them. */
export interface SharedFlags extends ConnectionFlags {
  queue: string;
  queueType?: QueueType;
  wait?: number;
  json?: true;
  explain?: true;
  color: boolean;
}

/** Where the broker is. */
export const urlOption = (): Option =>
  new Option(
    "-u, --url <url>",
    "where RabbitMQ is; given again, or in AMQP_URL with commas: nodes of a cluster, tried in turn",
  )
    .env("AMQP_URL")
    .default(defaults.url)
    // Not parsed here: commander's errors would show the value, which may hold a password.
    .argParser((text: string, before: string | string[]) =>
      Array.isArray(before) ? [...before, text] : [text],
    );

export const queueOption = (): Option =>
  new Option("-q, --queue <name>", "the queue of the tasks")
    .env("TASK_QUEUE")
    .default(defaults.queue)
    .argParser(checked(shortString));

export const waitOption = (): Option =>
  durationOption("--wait <duration>", "keep trying the first connection this long (default: fail at once)");

/** Not parsed by commander, whose errors show the value: it may hold a password. */
export const adminUrlOption = (): Option =>
  new Option("--admin-url <url>", "address of the admin UI (default: derived from the AMQP URL)");

/** A command that connects to the broker, about one queue. */
export function connectedCommand(name: string, description: string, path = name): Command {
  return bareCommand(name, description, path)
    .addOption(urlOption())
    .addOption(
      new Option(
        "--password-file <path>",
        "read the password from a file's first line, for a URL without one",
      ).env("AMQP_PASSWORD_FILE"),
    )
    .option("--ask-password", "ask for the password, on a terminal")
    .addOption(
      new Option(
        "--ca <path>",
        "PEM file of the authority to trust with amqps:// (default: the system's)",
      ).env("AMQP_CA_FILE"),
    )
    .addOption(
      new Option("--cert <path>", "PEM file of this client's certificate, for amqps://").env(
        "AMQP_CERT_FILE",
      ),
    )
    .addOption(new Option("--key <path>", "PEM file of the key of --cert").env("AMQP_KEY_FILE"))
    .addOption(queueOption());
}

/** A command that declares the queue and reports events. */
export function queueCommand(name: string, description: string): Command {
  return connectedCommand(name, description)
    .addOption(
      new Option(
        "--queue-type <type>",
        "declare the queue as this type (default: as the broker is set up)",
      ).choices(["classic", "quorum"]),
    )
    .addOption(waitOption())
    .option("--json", "print one JSON event per line (docs/events.md)")
    .option("--explain", "say what each AMQP step is and what it buys")
    .option("--no-color", "no colours (also: NO_COLOR)");
}

/** The engine's side of the shared flags. @throws WorkQueueError as `connectionTarget` does */
export async function queueOptions(flags: SharedFlags, terminal: Terminal) {
  const { connectionTarget } = await import("../commands/connection-options.js");
  return {
    ...(await connectionTarget(flags, terminal)),
    queue: flags.queue,
    queueType: flags.queueType,
    waitMs: flags.wait ?? 0,
    json: flags.json ?? false,
    explain: flags.explain ?? false,
  };
}

/** How this process is called on screen, in JSON and in the admin UI unless it is given a name. */
export const processName = (command: string): string => `${command}@${hostname()}:${process.pid}`;
