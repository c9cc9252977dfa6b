import { Chalk, type ChalkInstance, chalkStderr, default as chalkStdout } from "chalk";
import { Gathered } from "./output.js";

/** Where a command reads and writes, handed in so that tests may hand in another. */
export interface Terminal {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** To stdout, for lines of which there may be thousands a second. */
  out: Gathered;
  env: NodeJS.ProcessEnv;
  /** Colours for stdout and stderr; without any where they are not wanted or not possible. */
  outColors: ChalkInstance;
  errColors: ChalkInstance;
}

/** The process's own terminal. Colours are off with `--no-color` or NO_COLOR (no-color.org), or off a terminal. */
export function processTerminal(color: boolean): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const off = !color || Boolean(env["NO_COLOR"]);
  return {
    stdin,
    stdout,
    stderr,
    out: new Gathered(stdout),
    env,
    outColors: new Chalk({ level: off ? 0 : chalkStdout.level }),
    errColors: new Chalk({ level: off ? 0 : chalkStderr.level }),
  };
}

/** Whether a transient line can be drawn and wiped again on stdout: a terminal, and one that knows its width. */
export function canRedraw({ stdout, env }: Terminal): boolean {
  // Some pseudo-terminals are 0 columns wide, on which ora would wipe lines without end.
  return stdout.isTTY === true && stdout.columns > 0 && env["TERM"] !== "dumb";
}

/** Whether there is somebody to ask: a person at both ends, and no CI. */
export function canAsk({ stdin, stdout, env }: Terminal): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && !env["CI"];
}
