import assert from "node:assert/strict";
import type { QueueStatus } from "#dist/engine/manage/queue-status.js";
import { run } from "./command.js";
import type { Scope } from "./scope.js";

/** The status object as JSON has it. */
export type StatusJson = Omit<QueueStatus, "at"> & { at: string };

/** Runs `task-queue status --json` with these words. */
export async function statusOf(
  t: Scope,
  url: string,
  queue: string,
  ...words: string[]
): Promise<StatusJson> {
  const ended = await run(t, "task-queue", ["status", "--json", "-u", url, "-q", queue, ...words]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(ended.stdout.trim().split("\n").length, 1, "one object");
  return JSON.parse(ended.stdout) as StatusJson;
}
