import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";
import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { reasonOf } from "../engine/errors.js";
import { canAsk, type Terminal } from "../terminal/terminal.js";
import { printable } from "../text/printable.js";
import { adminPage, isReachable } from "./admin-url.js";

/** Whether to open the admin UI: yes, no, or ask where that is possible. */
export type OpenChoice = "ask" | "yes" | "no";

/** A whole URL is shown, to be copied: host, vhost and queue percent-encoded are shorter than this. */
const LONGEST_URL = 4_000;

/** The question is asked once in this time, in ms: a loop of `new-task` would ask again and again. */
const ASKED_EVERY_MS = 600_000;

/** How long the question waits for a key, in ms: what was pasted with it has to go on. */
const ANSWER_MS = 15_000;

/** Asks, unless that was done lately or something is typed ahead. */
async function ask(page: string, terminal: Terminal): Promise<boolean> {
  // Loaded only now: most runs ask nothing.
  const { askedWithin, noteAsked } = await import("../terminal/asked-lately.js");
  if (askedWithin(ASKED_EVERY_MS)) return false;
  const { askKey } = await import("../terminal/ask-key.js");
  const question = `Admin UI: ${page}\nOpen it in a browser? ${ANSWER_MS / 1_000} s for one key: [y/N] `;
  const answer = await askKey(question, ANSWER_MS, terminal);
  if (answer !== undefined) noteAsked();
  return answer ?? false;
}

/** How long a browser's start is watched for its failing, in ms: xdg-open fails in some hundredths of a second. */
const PATIENCE_MS = 1_000;

/** What came of an offer. */
export type Offered = "declined" | "nothing answers" | "no browser" | "opened";

/**
 * Offers to open the admin UI. It never fails.
 * @param write prints the URL and the outcome
 */
export async function offerAdminPage(
  page: string,
  choice: OpenChoice,
  terminal: Terminal,
  write: (line: string) => void,
): Promise<Offered> {
  if (choice === "no" || (choice === "ask" && !canAsk(terminal))) return "declined";
  const shown = printable(page, LONGEST_URL);
  if (choice === "yes") write(`Admin UI: ${shown}`);
  else if (!(await ask(shown, terminal))) return "declined";
  if (!(await isReachable(page))) {
    write(
      "Nothing answers there. `rabbitmq-plugins enable rabbitmq_management` enables the admin UI; the Docker images named -management have it. --admin-url names another address.",
    );
    return "nothing answers";
  }
  return (await openInBrowser(page, write)) ? "opened" : "no browser";
}

/** Opens a page whose URL stands on the screen; returns whether that could be done, and writes why it could not. */
export async function openInBrowser(url: string, write: (line: string) => void): Promise<boolean> {
  try {
    const { default: open } = await import("open"); // only now: most runs need none
    const starter = await open(url);
    starter.once("error", () => {}); // too late to matter: the URL stands above
    await failureWithin(PATIENCE_MS, starter);
    return true;
  } catch (error) {
    write(`No browser could be started (${printable(reasonOf(error))}); open the URL above.`);
    return false;
  }
}

/** Throws if the program that starts the browser fails in that time. Some run until the browser ends. */
async function failureWithin(ms: number, starter: ChildProcess): Promise<void> {
  if (starter.exitCode === null) {
    starter.ref(); // undoes `open`'s unref()
    await once(starter, "exit", { signal: AbortSignal.timeout(ms) }).catch(() => {});
    starter.unref();
  }
  const { exitCode, spawnfile } = starter;
  if (exitCode !== null && exitCode !== 0)
    throw new Error(`${basename(spawnfile)} ends with exit code ${exitCode}`);
}

/** What `task-queue admin` was asked. */
export interface AdminOptions {
  urls: readonly BrokerUrl[];
  queue: string;
  adminUrl: string | undefined;
}

/** Opens the queue's page in the admin UI of the first address that answers; returns the exit code. */
export async function admin({ urls, queue, adminUrl }: AdminOptions, terminal: Terminal): Promise<number> {
  const write = (line: string) => terminal.output.out(line);
  const pages = new Set(urls.map((url) => adminPage(url, queue, adminUrl)));
  for (const page of pages) {
    const offered = await offerAdminPage(page, "yes", terminal, write);
    if (offered !== "nothing answers") return offered === "opened" ? 0 : 1;
  }
  return 1;
}
