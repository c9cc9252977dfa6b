import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { codeOf, WorkQueueError } from "../engine/errors.js";
import { adminBase } from "../engine/manage/management-api.js";

/** How long the admin UI may take to answer before it counts as absent, in ms. */
const PROBE_MS = 2_000;

/** The page of one queue in the admin UI (route `#/queues/<vhost>/<queue>`), without credentials. */
export function adminPage(broker: BrokerUrl, queue: string, given: string | undefined): string {
  return `${adminBase(broker, given)}/#/queues/${encodeURIComponent(broker.vhost)}/${encodeURIComponent(queue)}`;
}

/** Checks `--admin-url`. @throws WorkQueueError USAGE where it is no http(s) URL, or holds credentials. */
export function parseAdminUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new WorkQueueError(
      "USAGE",
      "--admin-url is the http:// or https:// address of RabbitMQ's admin UI.",
    );
  if (url.username !== "" || url.password !== "")
    throw new WorkQueueError(
      "USAGE",
      "--admin-url must not contain a user or password: the admin UI asks for them.",
    );
  return text;
}

/** Whether anything speaks HTTP at that address. */
export async function isReachable(page: string): Promise<boolean> {
  try {
    const response = await fetch(page, { method: "HEAD", signal: AbortSignal.timeout(PROBE_MS) });
    return response.status < 500;
  } catch (error) {
    // A certificate that is not trusted here is an answer too: the browser may trust it.
    const cause = error instanceof Error ? error.cause : undefined;
    return /CERT|VERIFY/.test(String(codeOf(cause)));
  }
}
