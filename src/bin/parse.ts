import { aShortString } from "../engine/check.js";
import { WorkQueueError } from "../engine/errors.js";

/** Parsers of option values; their errors say what was expected. */

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Parses `250ms`, `1s`, `1.5m`, `2h` or `0` to whole ms. @param least the shortest, in ms; default: 0 */
export function parseDuration(text: string, least = 0): number {
  const ms = text === "0" ? 0 : milliseconds(text);
  if (ms < least) throw usage(`A duration is at least ${least}ms here.`);
  return ms;
}

function milliseconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined || unit === undefined)
    throw usage("A duration is a number and a unit: 250ms, 1s, 5m or 2h.");
  const ms = Number(number) * unitMs[unit as keyof typeof unitMs];
  // Node's timers keep 31 bits of ms, 24.8 days; a longer one would fire at once (Node docs, setTimeout).
  if (ms > 596 * unitMs.h) throw usage("A duration is at most 596h.");
  const whole = Math.round(ms);
  // 1.001s is not exactly 1001 in binary.
  if (Math.abs(ms - whole) > 1e-6) throw usage("A duration is a whole number of milliseconds.");
  return whole;
}

/** Parses `--retry`: durations with commas, in ms; `none`: no durations; or `broker`. */
export function parseRetry(text: string): number[] | "broker" {
  if (text === "broker") return text;
  if (text === "none") return [];
  return text.split(",").map((one) => parseDuration(one.trim(), 1));
}

/** Parses exit codes with commas, each from 1 to 255. */
export const parseExitCodes = (text: string): number[] =>
  text.split(",").map((one) => wholeNumber(1, 255)(one.trim()));

/** Makes a parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= least && number <= most)) throw usage(`It is a whole number from ${least} to ${most}.`);
    return number;
  };
}

/** A queue's name, or a consumer's. */
export function shortString(text: string): string {
  const broken = aShortString(text);
  if (broken !== undefined) throw usage(`It ${broken}.`);
  return text;
}

function usage(message: string): WorkQueueError {
  return new WorkQueueError("USAGE", message);
}
