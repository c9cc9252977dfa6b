import type { ChannelModel } from "amqplib";
import type { BrokerUrl } from "../connection/broker-url.js";
import { withConnection } from "../connection/with-connection.js";
import { reasonOf } from "../errors.js";
import { deadQueueName, retryQueuePrefix } from "../retry/retry-queues.js";
import { adminBase, isRecord, ManagementApi } from "./management-api.js";
import { countIfAny, countQueue, type QueueRequest } from "./queue-operations.js";

/** A consumer, from RabbitMQ's statistics: sampled every 5 s, so they may be 10 s old. */
export interface WorkerStatus {
  /** Its consumer tag, which is a worker's `--name`. */
  name: string;
  /** The limit of its unacknowledged tasks; 0: no limit. */
  prefetch: number | null;
  /** Tasks it holds; null where it is not known, or its channel has other consumers too. */
  unacknowledged: number | null;
}

/** A queue's status. What is not known is null. */
export interface QueueStatus {
  at: Date;
  queue: string;
  vhost: string;
  /** `classic`, `quorum`, `stream`. */
  type: string | null;
  /** Tasks waiting for a worker; exact unless a stream. */
  ready: number;
  /** Tasks sent to workers and not acknowledged; exact on a classic queue, up to 5 s old on the others. */
  unacknowledged: number | null;
  /** Consumers; exact, so `workers` may lag behind. For a stream RabbitMQ counts none. */
  workerCount: number;
  workers: WorkerStatus[] | null;
  /** Tasks per second; samples too. */
  rates: { publish: number | null; ack: number | null };
  /** Whether one worker is given all tasks while the others wait (`x-single-active-consumer`). */
  singleActiveConsumer: boolean | null;
  /** Why the management API did not return everything, or null. */
  unknownBecause: string | null;
  /** Failed tasks that wait for their next attempt, in retry queues or delayed by the queue itself. */
  waitingToRetry: number | null;
  /** Dead letters; exact. */
  dead: number | null;
}

/** Which queue, and where the management API is. */
export interface StatusRequest extends QueueRequest {
  /** Address of the admin UI; undefined: derived from the AMQP URL. */
  adminUrl: string | undefined;
}

/**
 * Looks at a queue over AMQP, without creating it, and adds what the management API knows. `broker` is the address
 * that worked.
 * @throws WorkQueueError as lookAtQueue does; why the management API knows less is in `unknownBecause`
 */
export function queueStatus(request: StatusRequest): Promise<{ status: QueueStatus; broker: BrokerUrl }> {
  const { signal } = new AbortController();
  return withConnection(request, async (connection, broker) => {
    return { status: await statusOn(connection, broker, { signal, ...request }), broker };
  });
}

/** The same on an open connection. @param request `signal` ends requests to the management API */
export async function statusOn(
  connection: ChannelModel,
  broker: BrokerUrl,
  { queue, adminUrl, tls, signal }: StatusRequest & { signal: AbortSignal },
): Promise<QueueStatus> {
  const counts = await countQueue(connection, queue);
  const api = new ManagementApi({ base: adminBase(broker, adminUrl), broker, tls, signal });
  const { type, totals, workers, rates, singleActiveConsumer, unknownBecause, waiting } = await askAboutQueue(
    api,
    broker,
    queue,
  );
  return {
    at: new Date(),
    queue,
    vhost: broker.vhost,
    type,
    // For a classic queue the API reads both from the queue itself, at once; for others from a sample.
    ready: type === "classic" && totals !== null ? totals.ready : counts.ready,
    unacknowledged: totals?.unacknowledged ?? null,
    workerCount: counts.workers,
    workers,
    rates,
    singleActiveConsumer,
    unknownBecause,
    waitingToRetry: await waitingToRetry(connection, waiting),
    // A queue that is known not to be there is not asked for: the broker logs each refusal.
    dead: waiting?.hasDead === false ? 0 : await readyOrNone(connection, deadQueueName(queue)),
  };
}

/** How many tasks are ready in a queue: 0 where it does not exist, null where it cannot be looked at. */
const readyOrNone = (connection: ChannelModel, queue: string): Promise<number | null> =>
  countIfAny(connection, queue).then(
    (counts) => counts?.ready ?? 0,
    () => null,
  );

async function waitingToRetry(
  connection: ChannelModel,
  waiting: ManagedQueue["waiting"],
): Promise<number | null> {
  if (waiting === null) return null;
  let sum: number | null = waiting.delayed;
  for (const queue of waiting.retryQueues) {
    const ready = await readyOrNone(connection, queue);
    sum = sum === null || ready === null ? null : sum + ready;
  }
  return sum;
}

/** What the management API knows of a queue. */
interface ManagedQueue
  extends Pick<QueueStatus, "type" | "workers" | "rates" | "singleActiveConsumer" | "unknownBecause"> {
  /** From one moment: now for classic queues, up to 5 s ago for others. */
  totals: { ready: number; unacknowledged: number } | null;
  /** Which queues for failed tasks there are, and how many tasks the queue itself delays. */
  waiting: { hasDead: boolean; retryQueues: string[]; delayed: number } | null;
}

type Json = Record<string, unknown>;

/** Requests a queue's details. Never fails: what cannot be known is null. */
async function askAboutQueue(
  api: ManagementApi,
  { vhost, username }: BrokerUrl,
  queue: string,
): Promise<ManagedQueue> {
  const inVhost = encodeURIComponent(vhost);
  const path = `queues/${inVhost}/${encodeURIComponent(queue)}`;
  let unknownBecause: string | null = null;
  const orNull = (error: unknown) => {
    unknownBecause ??= reasonOf(error);
    return null;
  };
  const [found, totals, channels, names] = await Promise.all([
    api.get(path).catch(orNull),
    askTotals(api, inVhost, queue).catch(orNull),
    api.get(`vhosts/${inVhost}/channels?columns=name,messages_unacknowledged,consumer_count`).catch(orNull),
    api.get(`queues/${inVhost}?columns=name&disable_stats=true`).catch(orNull),
  ]);
  const about = isRecord(found) ? found : {};
  // Absent where the broker gathers no statistics.
  const consumers = Array.isArray(about["consumer_details"])
    ? about["consumer_details"].filter(isRecord)
    : null;
  const held = heldByChannel(channels);
  const hasOthers = (consumers ?? []).some(
    (one) => !held.has(channelOf(one)) && field(one, "channel_details", "user") !== username,
  );
  if (channels !== null && hasOthers && !(await seesAll(api)))
    unknownBecause ??= `User "${username}" may see its own workers' channels only; the tag monitoring shows all.`;
  const others = Array.isArray(names) ? names.filter(isRecord).map(({ name }) => text(name) ?? "") : null;
  return {
    waiting: others && {
      hasDead: others.includes(deadQueueName(queue)),
      retryQueues: others.filter((name) => name.startsWith(retryQueuePrefix(queue))),
      delayed: number(about["messages_delayed"]) ?? 0,
    },
    type: text(about["type"]),
    totals,
    workers: consumers?.map((one) => worker(one, held)).sort(byName) ?? null,
    rates: rates(about["message_stats"], consumers !== null),
    singleActiveConsumer: isRecord(about["arguments"])
      ? about["arguments"]["x-single-active-consumer"] === true
      : null,
    unknownBecause,
  };
}

/** Counts the queue itself gives, like `rabbitmqctl list_queues`; those with the statistics are up to 10 s old. */
async function askTotals(
  api: ManagementApi,
  inVhost: string,
  queue: string,
): Promise<ManagedQueue["totals"]> {
  const only = "disable_stats=true&enable_queue_totals=true";
  const one = await api.get(`queues/${inVhost}/${encodeURIComponent(queue)}?${only}`);
  const totals = totalsOf(one);
  if (totals !== null) return totals;
  // Before RabbitMQ 3.13.1 (pull request 10844) only the list of all queues has them.
  const all = await api.get(`queues/${inVhost}?${only}&columns=name,messages_ready,messages_unacknowledged`);
  return Array.isArray(all) ? totalsOf(all.filter(isRecord).find((row) => row["name"] === queue)) : null;
}

/** Whether the user sees other users' channels too (guide "Management Plugin", tags). */
async function seesAll(api: ManagementApi): Promise<boolean> {
  const me = await api.get("whoami").catch(() => undefined);
  return isRecord(me) && /monitoring|administrator/.test(String(me["tags"])); // a list; before 3.9 a text
}

function totalsOf(row: unknown): ManagedQueue["totals"] {
  if (!isRecord(row)) return null;
  const ready = number(row["messages_ready"]);
  const unacknowledged = number(row["messages_unacknowledged"]);
  return ready === null || unacknowledged === null ? null : { ready, unacknowledged };
}

/** How many tasks each channel holds; null where several of its consumers may hold them. */
function heldByChannel(channels: unknown): Map<unknown, number | null> {
  const rows = Array.isArray(channels) ? channels.filter(isRecord) : [];
  return new Map(
    rows.map((row) => [
      row["name"],
      row["consumer_count"] === 1 ? number(row["messages_unacknowledged"]) : null,
    ]),
  );
}

const channelOf = (consumer: Json): unknown => field(consumer, "channel_details", "name");

const worker = (consumer: Json, held: ReadonlyMap<unknown, number | null>): WorkerStatus => ({
  name: text(consumer["consumer_tag"]) ?? "",
  prefetch: number(consumer["prefetch_count"]),
  unacknowledged: held.get(channelOf(consumer)) ?? null,
});

/** In natural order: worker 9 before worker 10. */
const byName = (a: WorkerStatus, b: WorkerStatus): number =>
  a.name.localeCompare(b.name, "en", { numeric: true });

/** An unused queue has no statistics: 0. A broker that gathers none: null. */
function rates(stats: unknown, gathered: boolean): QueueStatus["rates"] {
  if (!gathered) return { publish: null, ack: null };
  const rate = (of: string) => (isRecord(stats) ? (number(field(stats, of, "rate")) ?? 0) : 0);
  return { publish: rate("publish_details"), ack: rate("ack_details") };
}

function field(of: Json, name: string, inside: string): unknown {
  const value = of[name];
  return isRecord(value) ? value[inside] : undefined;
}

const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
