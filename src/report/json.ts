import type { WorkQueueEvent } from "../engine/events.js";
import { printableJson } from "../text/printable.js";

/** A value as one line of JSON, safe for a terminal. */
export const jsonLine = (value: unknown): string => `${printableJson(JSON.stringify(value))}\n`;

/**
 * Writes every event as one JSON object per line (docs/events.md), unbuffered: buffered lines would be lost when
 * a worker is killed.
 */
export function jsonReporter(output: { write(text: string): void }): (event: WorkQueueEvent) => void {
  return (event) => output.write(jsonLine(event));
}
