import type { WorkQueueEvent } from "../queue/events.js";
import { Task, type TaskJson } from "../queue/task.js";

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
  const task = isRecord(json["task"]) ? { task: readTask(json["task"] as unknown as TaskJson) } : {};
  return { ...json, at, ...task } as WorkQueueEvent;
}

function readTask({ id, text, base64 }: TaskJson): Task {
  return new Task(String(id), text === undefined ? Buffer.from(base64, "base64") : Buffer.from(text));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
