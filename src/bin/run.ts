import { type Command, CommanderError } from "commander";
import type { Terminal } from "../terminal/terminal.js";

/** How long a command whose work is over may take to end, in ms. */
const PATIENCE_MS = 5_000;

/**
 * Names what keeps the process alive, should it still be there some seconds after its work: it ends by
 * itself, so anything that is left open is a defect. Does not keep it alive itself.
 */
export function watchEnding({ stdout, stderr }: Pick<Terminal, "stdout" | "stderr">): void {
  const look = () => {
    // A slow reader of the output is no defect.
    if (stdout.writableLength === 0 && stderr.writableLength === 0) {
      const open = process.getActiveResourcesInfo();
      stderr.write(
        `The work is over, but this process is kept alive by: ${[...new Set(open)].join(", ")}.\n`,
      );
      return;
    }
    setTimeout(look, PATIENCE_MS).unref();
  };
  setTimeout(look, PATIENCE_MS).unref();
}

/** Runs a command to its exit code. The process ends by itself, when nothing is left to do. */
export async function runCommand(command: Command, argv: readonly string[]): Promise<void> {
  // A reader that goes away (`worker --help | head -1`) is no reason to die with a stack.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // An empty variable is one that is not set.
  for (const [name, value] of Object.entries(process.env))
    if (/^(AMQP_|TASK_QUEUE)/.test(name) && value === "") delete process.env[name];
  try {
    await command.parseAsync(argv, { from: "user" });
  } catch (error) {
    process.exitCode = await explainFailure(error);
  }
  watchEnding(process);
}

/** Wraps a command's work: hands it the terminal and takes its exit code. */
export function action<F extends { color?: boolean }>(
  work: (flags: F, terminal: Terminal, words: string[]) => Promise<number>,
): (this: Command) => Promise<void> {
  return async function (this: Command) {
    const flags = this.opts<F>();
    process.exitCode = await work(flags, await ownTerminal(flags.color ?? true), this.args);
  };
}

export async function explainFailure(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  const { errorLines, exitCodeOf } = await import("../report/error-lines.js");
  const { stderr, errColors } = await ownTerminal(!process.argv.includes("--no-color"));
  const [first = "", ...rest] = errorLines(error, Boolean(process.env["DEBUG"]));
  stderr.write(`${errColors.red(first)}\n${rest.map((line) => `${line}\n`).join("")}`);
  return exitCodeOf(error);
}

/** With its colours, which --help has none of and does not wait for. */
export const ownTerminal = async (color: boolean): Promise<Terminal> =>
  (await import("../terminal/terminal.js")).processTerminal(color);
