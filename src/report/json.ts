import type { WorkQueueEvent } from "../engine/events.js";
import { printableJson } from "../text/printable.js";

/** A value as one line of JSON that no terminal could act on. */
export const jsonLine = (value: unknown): string => `${printableJson(JSON.stringify(value))}\n`;

/** Writes every event as one JSON object a line: the format of docs/events.md. */
export function jsonReporter(out: { write(text: string): void }): (event: WorkQueueEvent) => void {
  return (event) => out.write(jsonLine(event));
}
