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

/** Opens the queue's page in the admin UI of the first address that answers; returns the exit code. */
export async function admin({ urls, queue, adminUrl }: AdminOptions, terminal: Terminal): Promise<number> {
  const pages = new Set(urls.map((url) => adminPage(url, queue, adminUrl)));
  for (const page of pages)
    if (await offerAdminPage(page, "yes", terminal, (line) => terminal.stdout.write(`${line}\n`))) return 0;
  return 1;
}
