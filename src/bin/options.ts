import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { ConnectionFlags } from "../commands/connection-options.js";
import { defaults } from "../engine/defaults.js";
import type { QueueType } from "../engine/events.js";
import type { Terminal } from "../terminal/terminal.js";
import { printable } from "../text/printable.js";
import { parseDuration, shortString } from "./parse.js";
import { withoutSecrets } from "./secrets.js";

/** The options that commands share, and their help. What --help does not need is imported on use. */

const packageFile = new URL("../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };

const exitCodes = [
  "0    done",
  "1    it could not be done; the error says why and what to do",
  "2    wrong usage",
];

/**
 * A command with only what every command has.
 * @param path the words typed to run it; the last is its name
 * @param moreExits its exit codes besides 0, 1 and 2, a line each
 */
export function baseCommand(path: string, description: string, moreExits: readonly string[] = []) {
  return (
    new Command(path.replace(/.* /, ""))
      .description(description)
      .configureHelp({ commandUsage: (command) => `${path} ${command.usage()}` })
      .version(version, "-V, --version", "show the version")
      .helpOption("-h, --help", "show this help")
      .addHelpText("after", ({ command }) => helpEnd(command, [...exitCodes, ...moreExits]))
      .showHelpAfterError(`See ${path} --help.`)
      .exitOverride()
      // One line: line breaks come from the value, except before a suggestion.
      .configureOutput({ outputError: (text, write) => write(`${oneLine(withoutSecrets(text))}\n`) })
  );
}

/** What was typed for a command with a file of its own: its name, or `task-queue <name>`, as task-queue.ts passes it. */
export function typedAs(name: string): string {
  const [, script] = process.argv;
  return script === `task-queue ${name}` ? script : name;
}

/** A command without subcommands. */
export const leafCommand = (path: string, description: string, moreExits?: readonly string[]) =>
  baseCommand(path, description, moreExits).option("--no-color", "no colours (also: NO_COLOR)");

function helpEnd(command: Pick<Command, "options">, exits: readonly string[]): string {
  const { options } = command;
  const notes = [
    options.some(({ flags }) => flags.includes("<duration>")) ? "Durations read 250ms, 1s, 5m, 2h." : "",
    options.some(({ envVar }) => envVar !== undefined)
      ? "A flag beats its environment variable, which beats the default."
      : "",
  ].filter((note) => note !== "");
  const end = notes.length === 0 ? "" : `\n\n${notes.join("\n")}`;
  return `\nExit codes:\n${exits.map((line) => `  ${line}`).join("\n")}${end}`;
}

const oneLine = (text: string): string =>
  printable(text.trimEnd().replace(/\n(\(Did you mean [^\n]*)$/, " $1"), 500);

/** Adapts a parser to commander, which adds the option and the value to its message. */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

/** An option whose value is a duration, in ms, and not shorter than `least` ms. */
export const durationOption = <Flags extends string>(flags: Flags, description: string, least = 0) =>
  new Option(flags, description).argParser(checked((text) => parseDuration(text, least)));

const defaultUrls = [defaults.url];

/** Where the broker is. */
export const urlOption = () =>
  new Option(
    "-u, --url <url>",
    "where RabbitMQ is; repeated, or with commas in AMQP_URL: nodes of a cluster, tried in turn",
  )
    .env("AMQP_URL")
    .default(defaultUrls, `"${defaults.url}"`)
    // Not parsed here: commander's errors would show the value, which may hold a password.
    .argParser((text: string, before: string[]) => (before === defaultUrls ? [text] : [...before, text]));

export const queueOption = () =>
  new Option("-q, --queue <name>", "the queue to use")
    .env("TASK_QUEUE")
    .default(defaults.queue as string)
    .argParser(checked(shortString));

/** Not parsed by commander, whose errors show the value: it may hold a password. */
export const adminUrlOption = () =>
  new Option("--admin-url <url>", "address of the admin UI (default: derived from the AMQP URL)");

/** A command that connects to the broker, about one queue. */
export const connectedCommand = (path: string, description: string, moreExits?: readonly string[]) =>
  leafCommand(path, description, moreExits)
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
    .addOption(queueOption())
    .addOption(
      durationOption(
        "--wait <duration>",
        "keep trying the first connection this long (default: fail at once; 10s while RabbitMQ starts there)",
      ),
    );

/** A command that declares the queue and reports events. */
export const queueCommand = (path: string, description: string, moreExits: readonly string[]) =>
  connectedCommand(path, description, moreExits)
    .addOption(
      new Option("--queue-type <type>", "declare the queue as this type (default: the broker's)").choices([
        "classic",
        "quorum",
      ] as const),
    )
    .option("--json", "print one JSON event per line (docs/events.md)")
    .option("--timestamps", "begin each line for a person with the date and time")
    .option("--explain", "print each AMQP step and its purpose");

/** The flags of a command that connects, as options of the engine. @throws WorkQueueError as `connectionTarget` does */
export async function connectionOptions(
  flags: ConnectionFlags & { queue: string; wait?: number | undefined },
  terminal: Terminal,
) {
  const { connectionTarget } = await import("../commands/connection-options.js");
  const { isStarting } = await import("../broker/starting.js");
  const waiting = flags.wait === undefined ? { waitMs: 0, isStarting } : { waitMs: flags.wait };
  return { ...(await connectionTarget(flags, terminal)), queue: flags.queue, ...waiting };
}

/** The same, for commands that report events. */
export async function queueOptions(
  flags: Parameters<typeof connectionOptions>[0] & {
    queueType?: QueueType | undefined;
    json?: true | undefined;
    explain?: true | undefined;
  },
  terminal: Terminal,
) {
  const { queueType, json = false, explain = false } = flags;
  return { ...(await connectionOptions(flags, terminal)), queueType, json, explain };
}
