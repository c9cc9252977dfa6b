import type { WorkQueueEvent } from "../engine/events.js";
import { Task } from "../engine/task.js";

/** Reads one line of `--json` output back into the event it was; undefined where it is none. */
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

/** Whoever wrote the log, what is drawn of a task must be there. */
function readTask(json: unknown): Task | undefined {
  if (!isRecord(json) || typeof json["id"] !== "string") return undefined;
  const { id, text, base64, bytes } = json;
  if (typeof text === "string") return new Task(id, Buffer.from(text));
  if (typeof base64 === "string") return new Task(id, Buffer.from(base64, "base64"));
  // A body so large that events leave it out.
  return text === undefined && typeof bytes === "number" ? new Task(id, Buffer.alloc(0)) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
