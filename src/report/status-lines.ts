import type { ChalkInstance } from "chalk";
import stringWidth from "string-width";
import type { BrokerUrl } from "../engine/connection/broker-url.js";
import type { QueueStatus, WorkerStatus } from "../engine/manage/queue-status.js";
import { fit, fitMiddle, pad, wrap } from "../text/columns.js";
import { count } from "../text/numbers.js";
import { printable } from "../text/printable.js";

/** Printed for a number that is not known. */
const UNKNOWN = "unknown";

/** What a terminal has room for; Infinity where there is none. */
export interface Room {
  columns: number;
  rows: number;
}

/**
 * A queue's status as text: a short table, notes on surprising numbers, and as many of its workers as there is
 * room for.
 * @param room no line is wider
 */
export function statusLines(
  status: QueueStatus,
  broker: BrokerUrl,
  { columns, rows }: Room,
  colors: ChalkInstance,
): string[] {
  const where = `${status.type === null ? "" : ` (${printable(status.type)})`} on ${printable(broker.toString())}`;
  const name = fit(
    printable(status.queue, 255),
    Math.max(columns - stringWidth(where) - "Queue ''".length, 20),
  );
  const numbers: [string, string][] = [
    ["ready", whole(status.ready)],
    ["unacknowledged", whole(status.unacknowledged)],
    ...failures(status),
    ["workers", whole(status.workerCount)],
    ["published", rate(status.rates.publish)],
    ["acknowledged", rate(status.rates.ack)],
  ];
  const above = [
    colors.bold(fit(`Queue '${name}'${where}`, columns)),
    ...block(numbers.map(([label, number]) => fit(`  ${pad(label, 14)}  ${number}`, columns))),
    ...block(hints(status).flatMap((hint) => notice(` ${colors.yellow("[!]")} ${hint}`, columns))),
  ];
  const below = block(wrap(freshness(status), columns - 2).map((line) => colors.dim(`  ${line}`)));
  const left = rows - above.length - below.length - 1;
  return [...above, ...block(table(status, { columns, rows: left }, colors)), ...below];
}

/** Failed tasks, where there are any: most queues have none, and no queues for them. */
function failures({ waitingToRetry, dead }: QueueStatus): [string, string][] {
  const rows: [string, number | null][] = [
    ["to be retried", waitingToRetry],
    ["dead letters", dead],
  ];
  return rows.flatMap(([label, tasks]): [string, string][] =>
    tasks !== null && tasks > 0 ? [[label, whole(tasks)]] : [],
  );
}

/** Lines that belong together, with an empty one before. */
const block = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ["", ...lines]);

function table(status: QueueStatus, { columns, rows }: Room, colors: ChalkInstance): string[] {
  const note = difference(status);
  const below = note === undefined ? [] : [colors.dim(fit(`  … ${note}`, columns))];
  return [...workerTable(status.workers ?? [], { columns, rows: rows - below.length }, colors), ...below];
}

/** RabbitMQ lists workers from samples, and counts them at once: what one that has just come or gone makes of it. */
function difference({ type, workers, workerCount }: QueueStatus): string | undefined {
  if (type === "stream" || workers === null || workers.length === workerCount) return undefined;
  const more = workerCount - workers.length;
  return more > 0
    ? `${count(more, "worker")} too new for RabbitMQ's list (made every 5 s)`
    : `${count(-more, "worker")} of these gone since RabbitMQ listed them`;
}

function workerTable(
  workers: readonly WorkerStatus[],
  { columns, rows: room }: Room,
  colors: ChalkInstance,
): string[] {
  if (workers.length === 0) return [];
  const header = ["worker", "prefetch", "unacknowledged"];
  const rows = workers.map(({ name, prefetch, unacknowledged }) => [
    printable(name),
    prefetch === 0 ? "no limit" : whole(prefetch),
    whole(unacknowledged),
  ]);
  const widths = header.map((_, at) =>
    Math.max(...[header, ...rows].map((row) => stringWidth(row[at] ?? ""))),
  );
  const [longest = 0, ...others] = widths;
  const space = columns - 2 - others.reduce((sum, width) => sum + 2 + width, 0);
  const nameWidth = Math.min(longest, Math.max(space, 8));
  const line = ([name = "", ...cells]: string[]) => {
    const numbers = cells.map((cell, at) => `  ${cell.padStart(others[at] ?? 0)}`).join("");
    return fit(`  ${pad(fitMiddle(name, nameWidth), nameWidth)}${numbers}`, columns);
  };
  const shown = 1 + rows.length <= room ? rows : rows.slice(0, Math.max(room - 2, 0));
  const hidden = rows.length - shown.length;
  const more = hidden === 0 ? [] : [fit(`  … and ${count(hidden, "more worker")}`, columns)];
  return [colors.dim(line(header)), ...shown.map(line), ...more.map((text) => colors.dim(text))];
}

/** What explains surprising numbers. */
function hints(status: QueueStatus): string[] {
  const { type, singleActiveConsumer, unacknowledged, workers, unknownBecause } = status;
  const found: string[] = [];
  if (unknownBecause !== null) {
    const amqpAlone = unacknowledged === null && workers === null;
    const known = amqpAlone ? "AMQP alone gives no more than this" : "Not all is known";
    found.push(`${known}. ${printable(unknownBecause, 400)}`);
  }
  if ((status.dead ?? 0) > 0) found.push("`task-queue dead` shows the dead letters, and what failed.");
  if (type === "stream")
    found.push(
      "It is a stream: messages stay in it when acknowledged; RabbitMQ counts them late, and its consumers not at all.",
    );
  if (singleActiveConsumer === true)
    found.push(
      "The queue has a Single Active Consumer: one worker gets all tasks, the others wait until it is gone.",
    );
  if (workers?.some(({ prefetch }) => prefetch === 0))
    found.push("A worker without a prefetch limit is sent every task there is, and the others get none.");
  return found;
}

/** A ` [!]` line, broken into lines where it is too wide. */
export function notice(line: string, columns: number): string[] {
  const [first = "", ...rest] = wrap(line.trimStart(), columns - 5);
  return [` ${first}`, ...rest.map((more) => `     ${more}`)];
}

/** How old the numbers are (docs/events.md has what was measured). */
function freshness({ type, unacknowledged, workers, rates }: QueueStatus): string {
  const ofQueue = [
    "ready",
    ...(type === "classic" && unacknowledged !== null ? ["unacknowledged"] : []),
    "workers",
  ];
  const exact = type === "stream" ? [] : ofQueue;
  const sample = type !== "classic" && unacknowledged !== null ? ["unacknowledged"] : [];
  const older = [
    ...(workers === null ? [] : ["what each worker holds"]),
    ...(rates.ack === null ? [] : ["rates"]),
  ];
  const ages = { Exact: exact, "Up to 5 s old": sample, "Up to 10 s old": older };
  return Object.entries(ages)
    .filter(([, numbers]) => numbers.length > 0)
    .map(([age, numbers]) => `${age}: ${numbers.join(", ")}.`)
    .join(" ");
}

const whole = (number: number | null): string => (number === null ? UNKNOWN : number.toLocaleString("en-US"));

const rate = (perSecond: number | null): string =>
  perSecond === null ? UNKNOWN : `${perSecond.toLocaleString("en-US", { maximumFractionDigits: 1 })}/s`;
