import { createInterface } from "node:readline/promises";
import { reasonOf } from "../queue/errors.js";
import { answers } from "./admin-ui.js";
import { printable } from "./printable.js";
import { canAsk, type Terminal } from "./terminal.js";

/** Whether to open the admin UI: yes, no, or ask where there is somebody to ask. */
export type OpenChoice = "ask" | "yes" | "no";

/**
 * Offers to open the admin UI. It comes after the work, never fails and never decides the exit code.
 * @param write where the URL and what came of it are told
 */
export async function offerAdminPage(
  page: string,
  choice: OpenChoice,
  terminal: Terminal,
  write: (line: string) => void,
): Promise<void> {
  if (choice === "no" || (choice === "ask" && !canAsk(terminal))) return;
  if (choice === "yes") write(`Admin UI: ${page}`);
  else if (!(await ask(`Admin UI: ${page}\nOpen it in a browser? [y/N] `, terminal))) return;
  if (await answers(page)) await openPage(page, write);
  else
    write(
      "Nothing answers there. `rabbitmq-plugins enable rabbitmq_management` enables the admin UI; the Docker images named -management have it. --admin-url names another address.",
    );
}

/** Asks y/N. Everything but y or yes is a no, and so are Ctrl-C and the end of input. */
async function ask(question: string, { stdin, stdout }: Terminal): Promise<boolean> {
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

async function openPage(page: string, write: (line: string) => void): Promise<void> {
  try {
    const { default: open } = await import("open"); // only now: most runs need none
    const browser = await open(page);
    browser.once("error", () => {}); // too late to matter: the URL stands above
  } catch (error) {
    write(`No browser could be started (${printable(reasonOf(error))}); the URL above is the page.`);
  }
}
