import type { BrokerUrl } from "../engine/connection/broker-url.js";
import type { SessionTarget } from "../engine/connection/session.js";
import { withConnection } from "../engine/connection/with-connection.js";
import type { ManagementOptions } from "../engine/manage/management-api.js";
import { queueStatus } from "../engine/manage/queue-status.js";
import { jsonLine } from "../report/json.js";
import { connectionWarnings } from "../report/line-writer.js";
import { type Room, statusLines } from "../report/status-lines.js";
import type { Terminal } from "../terminal/terminal.js";
import { adminBase } from "./admin-url.js";

/** What `task-queue status` was asked. */
export interface StatusOptions extends SessionTarget {
  queue: string;
  adminUrl: string | undefined;
  json: boolean;
}

/** Tells how the queue stands; returns the exit code. */
export async function status(options: StatusOptions, terminal: Terminal): Promise<number> {
  const { stdout, outColors } = terminal;
  const { signal } = new AbortController();
  await withConnection({ ...options, report: connectionWarnings(terminal) }, async (connection, broker) => {
    const found = await queueStatus(connection, options.queue, managementOf(options, broker, signal));
    if (options.json) stdout.write(jsonLine(found));
    else stdout.write(`${statusLines(found, broker, roomOf(terminal), outColors).join("\n")}\n`);
  });
  return 0;
}

/** Where a broker's management API is, and how it is asked. */
export const managementOf = (
  { adminUrl, tls }: StatusOptions,
  broker: BrokerUrl,
  signal: AbortSignal,
): ManagementOptions => ({ base: adminBase(broker, adminUrl), broker, tls, signal });

/** The terminal's width, as many lines as there are; off a terminal nothing is cut. */
const roomOf = ({ stdout }: Terminal): Room => ({
  columns: stdout.isTTY === true && stdout.columns > 0 ? stdout.columns : Number.POSITIVE_INFINITY,
  rows: Number.POSITIVE_INFINITY,
});
