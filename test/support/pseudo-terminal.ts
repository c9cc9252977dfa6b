import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type CommandName, Running, script } from "./command.js";

/** Why there is no pseudo-terminal here, or false: for a test's `skip`. */
export const noPseudoTerminal: string | false =
  spawnSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" }).status === 0
    ? false
    : "util-linux's `script` is needed to make a pseudo-terminal";

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Starts a built command in a pseudo-terminal: its keys are what is written to `child.stdin` (\x03 is
 * Ctrl-C), its screen is `stdout`.
 */
export function startInTerminal(
  t: TestContext,
  command: CommandName,
  words: string[],
  env: NodeJS.ProcessEnv = {},
  columns = 80,
): Running {
  const line = [process.execPath, script(command), ...words].map(quote).join(" ");
  // The user's own: the questions of other tests were not asked in it.
  const temporary = mkdtempSync(join(tmpdir(), "terminal-"));
  t.after(() => rmSync(temporary, { recursive: true, force: true }));
  const shell = `stty cols ${columns} rows 24; exec ${line}`;
  return new Running(t, "script", ["-qefc", shell, "/dev/null"], {
    env: { TERM: "xterm", TMPDIR: temporary, ...env },
  });
}
