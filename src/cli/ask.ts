import { createInterface } from "node:readline/promises";
import type { Terminal } from "./terminal.js";

/** Asks y/N. Everything but y or yes is a no, and so are Ctrl-C and the end of input. */
export async function askYesNo(question: string, { stdin, stdout }: Terminal): Promise<boolean> {
  const prompt = createInterface({ input: stdin, output: stdout });
  const gone = new AbortController();
  prompt.once("close", () => gone.abort());
  prompt.once("SIGINT", () => prompt.close());
  try {
    const answer = await prompt.question(question, { signal: gone.signal });
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch {
    stdout.write("\n");
    return false;
  } finally {
    prompt.close();
  }
}
