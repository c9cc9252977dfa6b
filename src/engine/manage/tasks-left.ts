import type { ChannelModel } from "amqplib";
import type { BrokerUrl } from "../connection/broker-url.js";
import type { ConnectionTarget } from "../connection/connection.js";
import type { Retry } from "../retry/retries.js";
import { retryQueueName } from "../retry/retry-queues.js";
import { pause } from "../timers.js";
import { adminBase, isRecord, ManagementApi } from "./management-api.js";
import { countIfAny, countQueue } from "./queue-operations.js";

/** Between two looks at retry queues, in ms. */
const LOOKS_APART_MS = 200;

/** How old RabbitMQ's own count of delayed tasks may be, in ms: it is sampled every 5 s. */
const SAMPLE_MS = 6_000;

interface Asked extends Pick<ConnectionTarget, "tls"> {
  queue: string;
  retry: Retry;
}

/**
 * Whether any task is left for a worker: `ready` in the queue, or `waiting` for another attempt, in a retry queue or where
 * the queue itself delays what was rejected (RabbitMQ 4.3). What other workers hold is not counted.
 * @param failedAt when this worker last requeued a failed task, by performance.now()
 * @throws WorkQueueError as countQueue does
 */
export async function tasksLeft(
  connection: ChannelModel,
  broker: BrokerUrl,
  { queue, retry, tls }: Asked,
  failedAt: number | undefined,
): Promise<"ready" | "waiting" | "none"> {
  const look = async () => {
    if ((await countQueue(connection, queue)).ready > 0) return "ready";
    let hasRetryQueues = false;
    for (const delayMs of retry === "broker" ? [] : new Set(retry)) {
      const waiting = await countIfAny(connection, retryQueueName(queue, delayMs));
      if (waiting !== undefined && waiting.ready > 0) return "waiting";
      hasRetryQueues ||= waiting !== undefined;
    }
    return hasRetryQueues ? "perhaps none" : "none";
  };
  let found = await look();
  if (found === "perhaps none") {
    // One on its way from a retry queue to the work queue is in neither for a moment.
    await pause(LOOKS_APART_MS, new AbortController().signal);
    found = await look();
  }
  if (found === "ready" || found === "waiting") return found;
  if (failedAt !== undefined && retry === "broker" && performance.now() - failedAt < SAMPLE_MS)
    return "waiting";
  return (await delayed(connection, broker, queue, tls)) > 0 ? "waiting" : "none";
}

/**
 * How many tasks the queue itself delays, which are neither ready nor unacknowledged (guide "Quorum Queues", delayed
 * retry; RabbitMQ 4.3 and later). Only the management API knows: 0 where it does not answer.
 */
async function delayed(
  connection: ChannelModel,
  broker: BrokerUrl,
  queue: string,
  tls: ConnectionTarget["tls"],
): Promise<number> {
  const [major = 0, minor = 0] = connection.connection.serverProperties.version.split(".").map(Number);
  if (major < 4 || (major === 4 && minor < 3)) return 0;
  const { signal } = new AbortController();
  const api = new ManagementApi({ base: adminBase(broker, undefined), broker, tls, signal });
  const path = `queues/${encodeURIComponent(broker.vhost)}/${encodeURIComponent(queue)}`;
  const found = await api.get(path).catch(() => undefined);
  const number = isRecord(found) ? found["messages_delayed"] : undefined;
  return typeof number === "number" ? number : 0;
}
