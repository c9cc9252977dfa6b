import { WorkQueueError } from "./errors.js";
import { LONGEST_TIMER } from "./timers.js";

/** A rule for an option's value: what the value must be if it breaks the rule, else undefined. */
type Rule = (value: unknown) => string | undefined;

/** One rule for each option, so that none is forgotten. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule };

const rule =
  (holds: (value: unknown) => boolean, otherwise: string): Rule =>
  (value) =>
    holds(value) ? undefined : otherwise;

const wholeNumber = (least: number, most: number): Rule =>
  rule(
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
    `must be a whole number from ${least} to ${most}`,
  );

/** A time, which may be Infinity. */
const milliseconds = (least: number): Rule =>
  rule((value) => typeof value === "number" && value >= least, `must be a time of ${least} ms or more`);

const aBoolean = rule((value) => typeof value === "boolean", "must be true or false");
const aFunction = rule((value) => typeof value === "function", "must be a function");
const anObject = rule((value) => typeof value === "object" && value !== null, "must be an object");

/** AMQP short strings, which queue names and consumer tags are, hold 255 bytes (spec 4.2.5.3). */
export const aShortString: Rule = (value) => {
  if (typeof value !== "string") return "must be a string";
  if (value === "") return "must not be empty";
  if (Buffer.byteLength(value) > 255) return "must be at most 255 bytes long";
  // RabbitMQ takes line breaks out of the name when it declares a queue, and then does not find it.
  return /[\r\n]/.test(value) ? "must not contain line breaks" : undefined;
};

const queueRules = {
  tls: anObject,
  queue: aShortString,
  queueType: rule((value) => value === "classic" || value === "quorum", "must be classic or quorum"),
  name: aShortString,
  waitMs: milliseconds(0),
  onEvent: aFunction,
};

export const publisherRules = {
  ...queueRules,
  persistent: aBoolean,
  ttlMs: wholeNumber(0, 2 ** 32 - 1), // RabbitMQ's limit (rabbit_misc:check_expiry)
  confirmTimeoutMs: milliseconds(1),
  headers: anObject,
  signal: rule((value) => value instanceof AbortSignal, "must be an AbortSignal"),
  allowUnstored: aBoolean,
};

export const workerRules = {
  ...queueRules,
  concurrency: wholeNumber(1, 65_535),
  prefetch: wholeNumber(0, 65_535), // a short (spec 1.7.2.1)
  autoAck: aBoolean,
  consumerTimeoutMs: wholeNumber(1, 2 ** 31 - 1),
  maxTasks: wholeNumber(1, 2 ** 31),
  exitWhenEmpty: aBoolean,
  retry: rule(
    (value) => value === "broker" || (Array.isArray(value) && value.every(isDelay)),
    `must be "broker", or a list of times in whole ms from 1 to ${LONGEST_TIMER}`,
  ),
};

/** A time as `x-message-ttl`. */
const isDelay = (ms: unknown): boolean =>
  Number.isInteger(ms) && Number(ms) >= 1 && Number(ms) <= LONGEST_TIMER;

/**
 * Checks every option that is given; undefined is not given.
 * @throws WorkQueueError USAGE, which names the option, and shows a number, but no text: it may be a secret
 */
export function check<Options extends object>(options: Options, rules: Rules<Options>): void {
  for (const name in rules) {
    const value = options[name];
    const broken = value === undefined ? undefined : rules[name](value);
    if (broken === undefined) continue;
    const shown = typeof value === "number" ? `, not ${value}` : "";
    throw new WorkQueueError("USAGE", `The option ${name} ${broken}${shown}.`);
  }
}
