import type { ChalkInstance } from "chalk";
import stringWidth from "string-width";
import type { BrokerUrl } from "../queue/broker-url.js";
import type { QueueStatus, WorkerStatus } from "../queue/queue-status.js";
import { fit, pad, wrap } from "./columns.js";
import { printable } from "./printable.js";

/** What stands in a place whose number is not known. */
const UNKNOWN = "unknown";

/**
 * How a queue stands, for a person: a short table, and what has to be said about it.
 * @param columns what no line is wider than
 */
export function statusLines(
  status: QueueStatus,
  broker: BrokerUrl,
  columns: number,
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
    ["workers", whole(status.workerCount)],
    ["published", rate(status.rates.publish)],
    ["acknowledged", rate(status.rates.ack)],
  ];
  return [
    colors.bold(fit(`Queue '${name}'${where}`, columns)),
    "",
    ...numbers.map(([label, number]) => fit(`  ${pad(label, 14)}  ${number}`, columns)),
    ...(status.workers === null || status.workers.length === 0
      ? []
      : ["", ...table(status.workers, columns, colors)]),
    "",
    ...hints(status).flatMap((hint) => notice(` ${colors.yellow("[!]")} ${hint}`, columns)),
    ...wrap(freshness(status), columns - 2).map((line) => colors.dim(`  ${line}`)),
  ];
}

function table(workers: readonly WorkerStatus[], columns: number, colors: ChalkInstance): string[] {
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
  const room = columns - 2 - others.reduce((sum, width) => sum + 2 + width, 0);
  const nameWidth = Math.min(longest, Math.max(room, 8));
  const line = ([name = "", ...cells]: string[]) => {
    const numbers = cells.map((cell, at) => `  ${cell.padStart(others[at] ?? 0)}`).join("");
    return fit(`  ${pad(fit(name, nameWidth), nameWidth)}${numbers}`, columns);
  };
  return [colors.dim(line(header)), ...rows.map(line)];
}

/** What a person should know who wonders about these numbers. */
function hints(status: QueueStatus): string[] {
  const { singleActiveConsumer, unacknowledged, workers, workerCount, unknownBecause } = status;
  const told: string[] = [];
  if (unknownBecause !== null) {
    const amqpAlone = unacknowledged === null && workers === null;
    const known = amqpAlone ? "Over AMQP alone no more than this is known" : "Not all is known";
    told.push(`${known}. ${printable(unknownBecause, 400)}`);
  }
  if (singleActiveConsumer === true)
    told.push(
      "The queue has a Single Active Consumer: one worker gets all tasks, the others wait until it is gone.",
    );
  if (workers?.some(({ prefetch }) => prefetch === 0))
    told.push("A worker without a prefetch limit is sent every task there is, and the others get none.");
  if (workers !== null && workers.length !== workerCount)
    told.push("Workers come and go: the list is older than their number.");
  return told;
}

/** A ` [!]` line, broken into lines where it is too wide. */
export function notice(line: string, columns: number): string[] {
  const [first = "", ...rest] = wrap(line.trimStart(), columns - 5);
  return [` ${first}`, ...rest.map((more) => `     ${more}`)];
}

/** How old the numbers are (docs/events.md has what was measured). */
function freshness({ type, unacknowledged, workers, rates }: QueueStatus): string {
  const exact = [
    "ready",
    ...(type === "classic" && unacknowledged !== null ? ["unacknowledged"] : []),
    "workers",
  ];
  const sample = type !== "classic" && unacknowledged !== null ? ["unacknowledged"] : [];
  const older = [
    ...(workers === null ? [] : ["what each worker holds"]),
    ...(rates.ack === null ? [] : ["rates"]),
  ];
  const told = { Exact: exact, "Up to 5 s old": sample, "Up to 10 s old": older };
  return Object.entries(told)
    .filter(([, numbers]) => numbers.length > 0)
    .map(([age, numbers]) => `${age}: ${numbers.join(", ")}.`)
    .join(" ");
}

const whole = (number: number | null): string => (number === null ? UNKNOWN : number.toLocaleString("en-US"));

const rate = (perSecond: number | null): string =>
  perSecond === null ? UNKNOWN : `${perSecond.toLocaleString("en-US", { maximumFractionDigits: 1 })}/s`;
