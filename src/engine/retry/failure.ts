import type { MessageProperties, MessagePropertyHeaders, Options } from "amqplib";
import { codeOf, reasonOf } from "../errors.js";

/** The longest reason kept of a failure, in bytes; a longer one loses its middle. */
const LONGEST_REASON = 2_048 + 200;

/** Why an attempt failed: the header `x-failure` of the copy. */
export interface Failure {
  reason: string;
  /** Of a command that ended with one. */
  exitCode?: number;
  /** The signal that ended a command. */
  signal?: string;
  /** The worker's name. */
  worker: string;
  /** When, in ISO 8601. */
  at: string;
}

/** What is known of a task's earlier failures, from the headers of its copy. */
export interface History {
  /** Attempts that failed. */
  attempts: number;
  firstFailedAt: string | undefined;
  failure: Partial<Failure> | undefined;
}

/**
 * Headers that no copy takes along. The broker's own history of a message: before RabbitMQ 4.0 the broker reads it, and
 * drops what seems to go in circles; a quorum queue of 4.3 goes on counting returns from it. And CC and BCC, which
 * would route the copy to more queues (guide "Sender-selected Distribution").
 */
const stripped = /^(x-death|x-(first|last)-death-.*|x-delivery-count|x-acquired-count|CC|BCC)$/;

/** What this file adds. */
const added = ["x-attempt", "x-first-failed-at", "x-failure"];

/** Describes what a handler threw. `exitCode` and `signal` are taken over, as errors of child processes have them. */
export function failureOf(thrown: unknown, worker: string): Failure {
  const failure: Failure = { reason: shortened(reasonOf(thrown)), worker, at: new Date().toISOString() };
  if (typeof thrown !== "object" || thrown === null) return failure;
  const exitCode = "exitCode" in thrown ? thrown.exitCode : codeOf(thrown);
  if (Number.isInteger(exitCode)) failure.exitCode = Number(exitCode);
  if ("signal" in thrown && typeof thrown.signal === "string") failure.signal = thrown.signal;
  return failure;
}

function shortened(reason: string): string {
  if (Buffer.byteLength(reason) <= LONGEST_REASON) return reason;
  const bytes = Buffer.from(reason);
  // Lenient decoding: where a character is cut in two, a replacement character stands.
  return `${bytes.subarray(0, 200).toString()} … ${bytes.subarray(-2_048).toString()}`;
}

/** Reads what a copy's headers say; whatever is in them, for anyone may have published them. */
export function historyOf(headers: MessagePropertyHeaders | undefined): History {
  const attempts = headers?.["x-attempt"];
  const firstFailedAt = headers?.["x-first-failed-at"];
  const failure: unknown = headers?.["x-failure"];
  return {
    attempts: Number.isSafeInteger(attempts) && attempts > 0 ? attempts : 0,
    firstFailedAt: typeof firstFailedAt === "string" ? firstFailedAt : undefined,
    failure: typeof failure === "object" && failure !== null ? textFields(failure) : undefined,
  };
}

function textFields(table: object): Partial<Failure> {
  const found: Partial<Failure> = {};
  const value = (name: string): unknown => Object.getOwnPropertyDescriptor(table, name)?.value;
  for (const name of ["reason", "signal", "worker", "at"] as const) {
    const text = value(name);
    if (typeof text === "string") found[name] = text;
  }
  const exitCode = value("exitCode");
  if (Number.isInteger(exitCode)) found.exitCode = Number(exitCode);
  return found;
}

/**
 * The properties of a copy of a failed task: the message's own, and why it failed in the headers.
 * @param attempt the number of the attempt that failed, from 1
 * @param user who publishes the copy: the broker refuses another user id than its publisher's
 */
export function failedProperties(
  properties: MessageProperties,
  attempt: number,
  failure: Failure,
  user: string,
): Options.Publish {
  const first = historyOf(properties.headers).firstFailedAt ?? failure.at;
  return copied(properties, user, {
    "x-attempt": attempt,
    "x-first-failed-at": first,
    "x-failure": { ...failure },
  });
}

/** The properties of a dead letter that goes back to the work queue, as if it had never been tried. */
export const replayedProperties = (properties: MessageProperties, user: string): Options.Publish =>
  copied(properties, user, {});

function copied(
  properties: MessageProperties,
  user: string,
  headers: Record<string, unknown>,
): Options.Publish {
  const { userId, ...kept } = properties;
  const theirs = Object.entries(properties.headers ?? {}).filter(
    ([name]) => !stripped.test(name) && !added.includes(name),
  );
  // Deleted, not assigned undefined: an option that is absent is not encoded.
  const copy: Options.Publish = {};
  for (const [name, value] of Object.entries(kept))
    if (value !== undefined) Object.assign(copy, { [name]: value });
  delete copy.expiration;
  if (userId === user) copy.userId = userId;
  return { ...copy, headers: { ...Object.fromEntries(theirs), ...headers }, mandatory: true };
}

/**
 * How long a message may still live, in ms, or undefined where it has no expiration. It began when it was published,
 * which the broker does not say, but its timestamp does.
 */
export function timeLeft({ expiration, timestamp }: MessageProperties): number | undefined {
  const ms = Number(expiration);
  if (expiration === undefined || !Number.isFinite(ms)) return undefined;
  return typeof timestamp === "number" ? Math.min(ms, timestamp * 1_000 + ms - Date.now()) : ms;
}
