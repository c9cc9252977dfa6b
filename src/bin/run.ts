import { CommanderError } from "@commander-js/extra-typings";
import type { Terminal } from "../terminal/terminal.js";

/** How long a command whose work is over may take to end, in ms. */
const PATIENCE_MS = 5_000;

/** Runs a command and sets the exit code. The process ends when nothing is left to do. */
export async function runCommand(
  command: { parseAsync(argv: readonly string[], options: { from: "user" }): Promise<unknown> },
  argv: readonly string[],
): Promise<void> {
  // A reader that goes away (`worker --help | head -1`) must not cause a stack trace.
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

/** Does a command's work on the process's terminal and sets the exit code. */
export async function perform(
  flags: { color: boolean },
  work: (terminal: Terminal) => Promise<number>,
): Promise<void> {
  process.exitCode = await work(await ownTerminal(flags.color));
}

async function explainFailure(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  const { errorLines, exitCodeOf } = await import("../report/error-lines.js");
  const { output, colors } = await ownTerminal(!process.argv.includes("--no-color"));
  const [first = "", ...rest] = errorLines(error, Boolean(process.env["DEBUG"]));
  output.err([colors.err.red(first), ...rest].join("\n"));
  return exitCodeOf(error);
}

let terminal: Terminal | undefined;

/** Loaded only now, with its colours: --help has none. */
async function ownTerminal(color: boolean): Promise<Terminal> {
  terminal ??= (await import("../terminal/terminal.js")).processTerminal(color);
  return terminal;
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
