import type { BrokerUrl } from "../queue/broker-url.js";
import { offerAdminPage } from "./admin-offer.js";
import { adminPage } from "./admin-ui.js";
import type { Terminal } from "./terminal.js";

/** What `task-queue admin` was asked. */
export interface AdminOptions {
  urls: readonly BrokerUrl[];
  queue: string;
  adminUrl: string | undefined;
}

/** How long a browser's start is watched for its failing, in ms: xdg-open fails in some hundredths of a second. */
const PATIENCE_MS = 1_000;

/** Opens the queue's page in the admin UI of the first address that answers; returns the exit code. */
export async function admin({ urls, queue, adminUrl }: AdminOptions, terminal: Terminal): Promise<number> {
  const write = (line: string) => terminal.stdout.write(`${line}\n`);
  const pages = new Set(urls.map((url) => adminPage(url, queue, adminUrl)));
  for (const page of pages) {
    const offered = await offerAdminPage(page, "yes", terminal, write, PATIENCE_MS);
    if (offered !== "nothing answers") return offered === "opened" ? 0 : 1;
  }
  return 1;
}
