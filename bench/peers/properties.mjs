import { randomUUID } from "node:crypto";

/** What ours sends with a task: the broker's work depends on it. To be spread into each client's own options. */
export const properties = () => ({
  contentType: "text/plain; charset=utf-8",
  messageId: randomUUID(),
  timestamp: Math.floor(Date.now() / 1000),
});
