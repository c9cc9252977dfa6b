import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { reasonOf } from "../engine/errors.js";
import { isRecord, type ManagementApi } from "../engine/manage/management-api.js";
import { printable } from "../text/printable.js";
import type { Consumer } from "./correlator.js";

/** Consumer tags that a client or the broker makes up: pika, amqplib and RabbitMQ, bunny, Java's, Go's. */
const madeUp = /^(ctag\d|amq\.ctag-|bunny-|ctag-|PyRabbit|None$)/;

/** Counts from the queues themselves; `unacknowledged` is exact for a classic queue, for others up to 6 s old. */
export interface ManagedCounts {
  exists: boolean;
  type: string | null;
  unacknowledged: number | null;
  /** Dead letters; null: there is no queue of them. */
  dead: number | null;
}

/** What the management API says of a queue and its consumers. */
export class Sampler {
  readonly #api: ManagementApi;
  readonly #broker: BrokerUrl;
  /** Connections by name: what their clients call themselves. */
  #names = new Map<string, string>();

  constructor(api: ManagementApi, broker: BrokerUrl) {
    this.#api = api;
    this.#broker = broker;
  }

  /** How the queue and the dead letters beside it stand. @throws Error with a message for the user */
  async queue(name: string): Promise<ManagedCounts> {
    const vhost = encodeURIComponent(this.#broker.vhost);
    // A list, because before RabbitMQ 3.13.1 (pull request 10844) only a list has these counts without delay.
    const only =
      "disable_stats=true&enable_queue_totals=true&columns=name,type,messages_ready,messages_unacknowledged";
    const rows = records(await this.#api.get(`queues/${vhost}?${only}`));
    const row = rows.find((one) => one["name"] === name);
    const dead = rows.find((one) => one["name"] === `${name}.dead`);
    return {
      exists: row !== undefined,
      type: typeof row?.["type"] === "string" ? row["type"] : null,
      unacknowledged: numberIn(row, "messages_unacknowledged"),
      dead: numberIn(dead, "messages_ready"),
    };
  }

  /** @throws Error with a message for the user */
  async consumers(queue: string): Promise<Consumer[]> {
    const vhost = encodeURIComponent(this.#broker.vhost);
    const [all, channels] = await Promise.all([
      this.#api.get(`consumers/${vhost}`),
      this.#api.get(`vhosts/${vhost}/channels?columns=name,messages_unacknowledged,consumer_count`),
    ]);
    const rows = records(all).filter((row) => isRecord(row["queue"]) && row["queue"]["name"] === queue);
    const held = new Map(records(channels).map((row) => [row["name"], row]));
    const found: Consumer[] = [];
    for (const row of rows) {
      const details = isRecord(row["channel_details"]) ? row["channel_details"] : {};
      const { name: channel, connection_name: connection } = details;
      if (typeof channel !== "string") continue;
      const counts = held.get(channel);
      const unacknowledged = counts?.["consumer_count"] === 1 ? counts["messages_unacknowledged"] : null;
      const tag = String(row["consumer_tag"]);
      found.push({
        channel,
        tag,
        name: printable(madeUp.test(tag) ? await this.#nameOf(String(connection), tag, channel) : tag, 60),
        prefetch: typeof row["prefetch_count"] === "number" ? row["prefetch_count"] : 0,
        autoAck: row["ack_required"] === false,
        unacknowledged: typeof unacknowledged === "number" ? unacknowledged : null,
      });
    }
    return found;
  }

  /** What the client calls its connection; else its port, which its user can find. */
  async #nameOf(connection: string, tag: string, channel: string): Promise<string> {
    if (!this.#names.has(connection)) {
      const all = await this.#api.get(
        `vhosts/${encodeURIComponent(this.#broker.vhost)}/connections?columns=name,client_properties.connection_name,client_properties.product`,
      );
      this.#names = new Map();
      for (const { name, client_properties: properties } of records(all)) {
        const own = isRecord(properties) ? properties["connection_name"] : undefined;
        this.#names.set(String(name), typeof own === "string" ? own : "");
      }
      if (!this.#names.has(connection)) return portName(channel, tag);
    }
    const name = this.#names.get(connection) ?? "";
    return name === "" ? portName(channel, tag) : name;
  }
}

const portName = (channel: string, tag: string): string => {
  const port = /:(\d+) ->/.exec(channel)?.[1];
  return port === undefined ? tag : `port ${port}`;
};

const numberIn = (row: Record<string, unknown> | undefined, field: string): number | null => {
  const value = row?.[field];
  return typeof value === "number" ? value : null;
};

const records = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

/** Why the management API gives less than all. */
export const whyNot = (error: unknown): string => printable(reasonOf(error), 300);
