import type { WorkQueueEvent } from "../engine/events.js";
import { Task } from "../engine/task.js";

/** Parses one line of `--json` output; undefined where it is no event. */
export function readEvent(line: string): WorkQueueEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(json) || typeof json["event"] !== "string" || typeof json["name"] !== "string")
    return undefined;
  const at = new Date(String(json["at"]));
  if (Number.isNaN(at.getTime())) return undefined;
  if (!json["event"].startsWith("task-")) return { ...json, at } as unknown as WorkQueueEvent;
  const task = readTask(json["task"]);
  return task === undefined ? undefined : ({ ...json, at, task } as unknown as WorkQueueEvent);
}

/** Logs may come from anywhere: undefined where a field that is drawn is missing. */
function readTask(json: unknown): Task | undefined {
  if (!isRecord(json) || typeof json["id"] !== "string") return undefined;
  const { id, text, base64, bytes } = json;
  if (typeof text === "string") return new Task(id, Buffer.from(text));
  if (typeof base64 === "string") return new Task(id, Buffer.from(base64, "base64"));
  // Events leave out a body of over 16 MiB.
  return text === undefined && typeof bytes === "number" ? new Task(id, Buffer.alloc(0)) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
