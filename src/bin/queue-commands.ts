import type { Command } from "commander";
import { admin } from "../commands/admin.js";
import { parseAdminUrl } from "../commands/admin-url.js";
import { brokerUrls, type ConnectionFlags, connectionTarget } from "../commands/connection-options.js";
import { type ClearOptions, deleteIt, purge } from "../commands/purge-delete.js";
import { status } from "../commands/status.js";
import { watchStatus } from "../commands/watch.js";
import type { Terminal } from "../terminal/terminal.js";
import {
  adminUrlOption,
  bareCommand,
  connectedCommand,
  processName,
  queueOption,
  urlOption,
  waitOption,
} from "./options.js";
import { action } from "./run.js";

interface Flags extends ConnectionFlags {
  queue: string;
  wait?: number;
  color: boolean;
}

interface StatusFlags extends Flags {
  adminUrl?: string;
  watch?: true;
  json?: true;
}

interface ClearFlags extends Flags {
  yes?: true;
  ifEmpty?: true;
  ifUnused?: true;
}

async function target(flags: Flags, terminal: Terminal) {
  const { queue, wait = 0 } = flags;
  return {
    ...(await connectionTarget(flags, terminal)),
    queue,
    waitMs: wait,
    name: processName("task-queue"),
  };
}

const statusCommand = connectedCommand(
  "status",
  "Tell how the queue stands: tasks ready and unacknowledged, its workers and what each holds, rates.",
  "task-queue status",
)
  .addOption(waitOption())
  .addOption(adminUrlOption())
  .option("--watch", "again every second, until Ctrl-C")
  .option("--json", "print it as one JSON object (docs/events.md); with --watch one per line")
  .option("--no-color", "no colours (also: NO_COLOR)")
  .action(
    action<StatusFlags>(async (flags, terminal) => {
      const given = { adminUrl: parseAdminUrl(flags.adminUrl), json: flags.json ?? false };
      const options = { ...(await target(flags, terminal)), ...given };
      return flags.watch ? watchStatus(options, terminal) : status(options, terminal);
    }),
  );

const clearOptions = async (flags: ClearFlags, terminal: Terminal): Promise<ClearOptions> => ({
  ...(await target(flags, terminal)),
  yes: flags.yes ?? false,
});

const purgeCommand = connectedCommand(
  "purge",
  "Drop the queue's ready tasks, after asking; those in workers' hands stay.",
  "task-queue purge",
)
  .addOption(waitOption())
  .option("--yes", "do not ask")
  .option("--no-color", "no colours (also: NO_COLOR)")
  .action(
    action<ClearFlags>(async (flags, terminal) => purge(await clearOptions(flags, terminal), terminal)),
  );

const deleteCommand = connectedCommand(
  "delete",
  "Delete the queue and the tasks in it, after asking.",
  "task-queue delete",
)
  .addOption(waitOption())
  .option("--if-empty", "only if no task is ready; those in workers' hands do not count")
  .option("--if-unused", "only if no worker listens on it")
  .option("--yes", "do not ask")
  .option("--no-color", "no colours (also: NO_COLOR)")
  .action(
    action<ClearFlags>(async (flags, terminal) => {
      const { ifEmpty = false, ifUnused = false } = flags;
      return deleteIt({ ...(await clearOptions(flags, terminal)), ifEmpty, ifUnused }, terminal);
    }),
  );

const adminCommand = bareCommand(
  "admin",
  "Open RabbitMQ's admin UI at the queue's page, and print its address.",
  "task-queue admin",
)
  .addOption(urlOption())
  .addOption(queueOption())
  .addOption(adminUrlOption())
  .option("--no-color", "no colours (also: NO_COLOR)")
  .action(
    action<StatusFlags>((flags, terminal) =>
      admin(
        { urls: brokerUrls(flags.url), queue: flags.queue, adminUrl: parseAdminUrl(flags.adminUrl) },
        terminal,
      ),
    ),
  );

/** The subcommands of `task-queue` about a queue. */
export const queueCommands: readonly Command[] = [statusCommand, purgeCommand, deleteCommand, adminCommand];
