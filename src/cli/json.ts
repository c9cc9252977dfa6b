import type { WorkQueueEvent } from "../queue/events.js";
import { printableJson } from "./printable.js";

/** Writes every event as one JSON object a line: the format of docs/events.md. */
export function jsonReporter(stdout: { write(text: string): unknown }): (event: WorkQueueEvent) => void {
  return (event) => stdout.write(`${printableJson(JSON.stringify(event))}\n`);
}
