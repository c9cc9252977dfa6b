import { hostname } from "node:os";
import { CommanderError } from "@commander-js/extra-typings";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";
import type { Terminal } from "../terminal/terminal.js";
import { withoutSecrets } from "./secrets.js";

/** How long a command whose work is over may take to end, in ms. */
const PATIENCE_MS = 5_000;

/** The flags that say how a command prints. */
interface OutputFlags {
  color: boolean;
  timestamps?: true | undefined;
  json?: true | undefined;
  name?: string | undefined;
}

/** This process's name in JSON, in status and in the admin UI, unless --name sets one. */
export const processName = (command: string): string => `${command}@${hostname()}:${process.pid}`;

/** Runs a command and sets the exit code. The process ends when nothing is left to do. */
export async function runCommand(
  command: {
    name(): string;
    parseAsync(argv: readonly string[], options: { from: "user" }): Promise<unknown>;
  },
  argv: readonly string[],
): Promise<void> {
  watchOutput(process);
  // An empty variable is one that is not set.
  for (const [name, value] of Object.entries(process.env))
    if (/^(AMQP_|TASK_QUEUE)/.test(name) && value === "") delete process.env[name];
  try {
    await command.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = await explainFailure(error, command.name());
  }
  watchEnding(process);
}

/** What the command was given, once it has been parsed. */
let given: OutputFlags | undefined;

/** Does a command's work on the process's terminal and sets the exit code. */
export async function perform(
  flags: OutputFlags,
  work: (terminal: Terminal) => Promise<number>,
): Promise<void> {
  given = flags;
  process.exitCode = await work(await ownTerminal(flags));
}

/** Prints why a command failed: as lines on stderr and, with --json, as an event. Returns the exit code. */
async function explainFailure(error: unknown, command: string): Promise<number> {
  const wrongUsage = error instanceof CommanderError; // commander has printed it
  if (wrongUsage && error.exitCode === 0) return 0;
  const { errorEvent, errorLines, exitCodeOf } = await import("../report/error-lines.js");
  const flags = given ?? {
    color: !process.argv.includes("--no-color"),
    json: process.argv.includes("--json") || undefined,
  };
  const { output, colors } = await ownTerminal(flags);
  if (flags.json) {
    const { jsonLine } = await import("../report/json.js");
    const told = wrongUsage ? new WorkQueueError("USAGE", withoutSecrets(error.message)) : error;
    output.write(jsonLine(errorEvent(told, flags.name ?? processName(command))));
  }
  if (wrongUsage) return 2;
  const [first = "", ...rest] = errorLines(error, Boolean(process.env["DEBUG"]));
  for (const line of [colors.err.red(first), ...rest]) output.err(line);
  return exitCodeOf(error);
}

let terminal: Terminal | undefined;

/** Loaded only now, with its colours: --help has none. */
async function ownTerminal({ color, timestamps }: OutputFlags): Promise<Terminal> {
  terminal ??= (await import("../terminal/terminal.js")).processTerminal(color, timestamps === true);
  return terminal;
}

/**
 * A reader of the output that goes away (`worker --help | head -1`) is no error. Output that cannot be written for
 * another reason, a full disk, is: it is printed once, and the exit code is 1.
 */
function watchOutput({ stdout, stderr }: Pick<Terminal, "stdout" | "stderr">): void {
  stderr.on("error", () => {});
  let failed = false;
  stdout.on("error", (error) => {
    if (failed || codeOf(error) === "EPIPE") return;
    failed = true;
    stderr.write(`Error: Cannot write to standard output: ${reasonOf(error)}.\n`);
    process.once("exit", () => {
      process.exitCode ||= 1;
    });
  });
}

/**
 * If the process is still running some seconds after its work, prints what keeps it alive: anything left
 * open is a defect. The timer itself does not keep it alive.
 */
function watchEnding({ stdout, stderr }: Pick<Terminal, "stdout" | "stderr">): void {
  const look = (wasWritten: boolean) => {
    // A slow reader of the output is no defect. When it has just read the last of it, this may run before the process
    // ends: hence a second look.
    const isWritten = stdout.writableLength === 0 && stderr.writableLength === 0;
    if (isWritten && wasWritten) {
      const open = [...new Set(process.getActiveResourcesInfo())].join(", ");
      stderr.write(`The work is over, but this process is kept alive by: ${open}.\n`);
    } else setTimeout(look, isWritten ? 100 : PATIENCE_MS, isWritten).unref();
  };
  setTimeout(look, PATIENCE_MS, false).unref();
}
