import { createHash } from "node:crypto";
import { Task } from "../engine/task.js";
import { printableBody } from "../text/printable.js";
import type { LiveTask } from "./live-event.js";

/** So much of a body tells it from others, in bytes, with its length. */
const HASHED = 64 * 1024;

/** A body as the page shows it, and what tells it from others. */
export function shown(body: Buffer): { task: Omit<LiveTask, "id">; hash: string } {
  const { bytes, dots } = new Task("", body);
  const hash = createHash("sha1").update(body.subarray(0, HASHED)).digest("base64");
  return { task: { text: printableBody(body), bytes, dots }, hash: `${bytes} ${hash}` };
}
