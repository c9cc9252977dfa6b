import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { WorkQueueError } from "../engine/errors.js";
import type { Terminal } from "./terminal.js";

/** Asks y/N. Everything but y or yes is a no, and so are Ctrl-C and the end of input. */
export async function askYesNo(question: string, { stdin, stdout, output }: Terminal): Promise<boolean> {
  output.flush();
  const prompt = createInterface({ input: stdin, output: stdout });
  const gone = new AbortController();
  prompt.once("close", () => gone.abort());
  prompt.once("SIGINT", () => prompt.close());
  try {
    const answer = await prompt.question(question, { signal: gone.signal });
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch {
    output.write("\n");
    return false;
  } finally {
    prompt.close();
  }
}

/**
 * Asks for a password on the terminal; what is typed is not shown.
 * @throws WorkQueueError USAGE where there is no terminal; INTERRUPTED at Ctrl-C or the end of input.
 */
export async function askPassword({ stdin, stderr }: Terminal): Promise<string> {
  if (stdin.isTTY !== true || stderr.isTTY !== true)
    throw new WorkQueueError(
      "USAGE",
      "--ask-password needs a terminal; --password-file reads the password from a file.",
    );
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: stdin, output: nowhere, terminal: true });
  stderr.write("Password: "); // only now: from here on the terminal echoes nothing
  const gone = new AbortController();
  prompt.once("close", () => gone.abort());
  prompt.once("SIGINT", () => prompt.close());
  try {
    return await prompt.question("", { signal: gone.signal });
  } catch {
    throw new WorkQueueError("INTERRUPTED", "No password was given.");
  } finally {
    stderr.write("\n");
    prompt.close();
  }
}
