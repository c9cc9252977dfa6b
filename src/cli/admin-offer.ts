import { reasonOf } from "../queue/errors.js";
import { answers } from "./admin-ui.js";
import { askYesNo } from "./ask.js";
import { printable } from "./printable.js";
import { canAsk, type Terminal } from "./terminal.js";

/** Whether to open the admin UI: yes, no, or ask where there is somebody to ask. */
export type OpenChoice = "ask" | "yes" | "no";

/** A whole URL is shown, to be copied: host, vhost and queue percent-encoded are shorter than this. */
const LONGEST_URL = 4_000;

/**
 * Offers to open the admin UI. It never fails; resolves with whether there was something to open, where that
 * was wanted.
 * @param write where the URL and what came of it are told
 */
export async function offerAdminPage(
  page: string,
  choice: OpenChoice,
  terminal: Terminal,
  write: (line: string) => void,
): Promise<boolean> {
  if (choice === "no" || (choice === "ask" && !canAsk(terminal))) return false;
  const shown = printable(page, LONGEST_URL);
  if (choice === "yes") write(`Admin UI: ${shown}`);
  else if (!(await askYesNo(`Admin UI: ${shown}\nOpen it in a browser? [y/N] `, terminal))) return false;
  const found = await answers(page);
  if (found) await openPage(page, write);
  else
    write(
      "Nothing answers there. `rabbitmq-plugins enable rabbitmq_management` enables the admin UI; the Docker images named -management have it. --admin-url names another address.",
    );
  return found;
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
