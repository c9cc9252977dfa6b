import type { WorkQueueEvent } from "../engine/events.js";
import { printableJson } from "../text/printable.js";

/** A value as one line of JSON that no terminal could act on. */
export const jsonLine = (value: unknown): string => `${printableJson(JSON.stringify(value))}\n`;

/**
 * Writes every event as one JSON object a line (docs/events.md), each at once: a program may want to know what a
 * killed worker had done, and lines that wait are lost with it.
 */
export function jsonReporter(output: { write(text: string): void }): (event: WorkQueueEvent) => void {
  return (event) => output.write(jsonLine(event));
}
