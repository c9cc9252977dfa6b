import { Chalk, type ChalkInstance, chalkStderr, default as chalkStdout } from "chalk";
import { Output } from "./output.js";

/** Colours for each of the two streams. */
export interface Colors {
  out: ChalkInstance;
  err: ChalkInstance;
}

/** A command's input and output, a parameter so that tests can replace it. */
export interface Terminal {
  stdin: NodeJS.ReadStream;
  /** Both for their properties and events (isTTY, columns, error); lines go to `output`. */
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  output: Output;
  env: NodeJS.ProcessEnv;
  /** None where they are not wanted or not possible. */
  colors: Colors;
}

/**
 * The process's own terminal. Colours are off with `--no-color` or NO_COLOR (no-color.org), or off a terminal.
 * @param timestamps each line begins with the time
 */
export function processTerminal(color: boolean, timestamps: boolean): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const off = !color || Boolean(env["NO_COLOR"]);
  return {
    stdin,
    stdout,
    stderr,
    output: new Output(stdout, stderr, process, timestamps ? localTime : undefined),
    env,
    colors: {
      out: new Chalk({ level: off ? 0 : chalkStdout.level }),
      err: new Chalk({ level: off ? 0 : chalkStderr.level }),
    },
  };
}

/** Whether a line can be drawn and wiped again on stdout: a terminal, and one that knows its width. */
export function canRedraw({ stdout, env }: Terminal): boolean {
  // Some pseudo-terminals are 0 columns wide, on which ora would wipe lines without end.
  return stdout.isTTY === true && stdout.columns > 0 && env["TERM"] !== "dumb";
}

/** Whether to ask: stdin and stdout are terminals, and not in CI. */
export function canAsk({ stdin, stdout, env }: Terminal): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && !env["CI"];
}

/** `2026-11-24 14:30:05.123`, in the machine's time zone. */
function localTime(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000)
    .toISOString()
    .replace("T", " ")
    .slice(0, -1);
}
