import { once } from "node:events";
import type { ChannelModel } from "amqplib";
import type { BrokerUrl } from "../connection/broker-url.js";
import { Session } from "../connection/session.js";
import { codeOf } from "../errors.js";
import { pause } from "../timers.js";
import { type QueueStatus, type StatusRequest, statusOn } from "./queue-status.js";

/** Interval between queue checks, in ms. */
const EVERY_MS = 1_000;

export interface WatchOptions extends StatusRequest {
  /** Aborted: the watch ends. */
  signal: AbortSignal;
  /** Called about once a second with the queue's status. */
  onStatus(status: QueueStatus, broker: BrokerUrl): void;
  /** Called when a check, except the first, fails while the connection lasts. */
  onMiss(error: unknown): void;
}

/**
 * Checks a queue once a second, until it is aborted. Once connected, it reconnects forever.
 * @throws WorkQueueError as queueStatus does, before the first look
 */
export async function watchQueue(options: WatchOptions): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  let current: ChannelModel | undefined;
  let hasLooked = false;

  const look = async (connection: ChannelModel, broker: BrokerUrl) => {
    const isCurrent = () => connection === current && !signal.aborted;
    while (isCurrent()) {
      const startedAt = performance.now();
      try {
        const status = await statusOn(connection, broker, { ...options, signal });
        if (!isCurrent()) return;
        hasLooked = true;
        options.onStatus(status, broker);
      } catch (error) {
        // The session reports a lost connection.
        if (isCurrent() && codeOf(error) !== "CONNECTION_LOST") {
          if (hasLooked) options.onMiss(error);
          else failed.abort(error);
        }
      }
      await pause(EVERY_MS - (performance.now() - startedAt), signal);
    }
  };
  const session = new Session({
    ...options,
    setup: async (connection, broker) => {
      current = connection;
      void look(connection, broker);
    },
    lost: () => {
      current = undefined;
    },
    failed: (error) => failed.abort(error),
  });
  session.start();
  if (!signal.aborted) await once(signal, "abort");
  await session.close();
  failed.signal.throwIfAborted();
}
