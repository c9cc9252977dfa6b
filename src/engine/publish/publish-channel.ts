import { type ChannelModel, type ConfirmChannel, IllegalOperationError, type Options } from "amqplib";
import { type DeclareOptions, openQueueChannel } from "../connection/declare-queue.js";
import { batchWrites } from "../connection/write-batch.js";
import { reasonOf } from "../errors.js";
import type { Outgoing } from "./in-flight.js";
import { returnReason } from "./message.js";
import { Window } from "./window.js";

/** A publisher's callbacks; each one is called synchronously. */
interface Listeners {
  /** The broker confirmed the message, perhaps after returning it as unroutable. */
  onAck(outgoing: Outgoing): void;
  /** The broker nacked the message. */
  onNack(outgoing: Outgoing): void;
  /** A message was returned: no queue took it. */
  onReturn(messageId: unknown, reason: string): void;
  /** The broker closes the channel because of something that was published. */
  onRefusal(reason: string): void;
  onClose(channel: PublishChannel): void;
}

export interface PublishChannelOptions extends DeclareOptions {
  persistent: boolean;
  ttlMs: number | undefined;
  /** Headers of every task; default: none, which keeps the properties small. */
  headers?: Readonly<Record<string, unknown>> | undefined;
}

/** A channel with confirms, on which the queue is declared. */
export class PublishChannel {
  readonly #channel: ConfirmChannel;
  readonly #queue: string;
  /** One object for all tasks, changed in place: amqplib encodes it within `publish`. Under 64 bytes (docs/performance.md). */
  readonly #properties: Options.Publish;
  readonly #headers: Readonly<Record<string, unknown>> | undefined;
  /** Numbered as they are published, from 1, which is their delivery tag on this channel (guide "Confirms"). */
  readonly #unconfirmed = new Window<Outgoing>();

  /** @throws WorkQueueError as `openQueueChannel` does */
  static async open(
    connection: ChannelModel,
    options: PublishChannelOptions,
    listeners: Listeners,
  ): Promise<PublishChannel> {
    const channel = await openQueueChannel(() => connection.createConfirmChannel(), options);
    return new PublishChannel(channel, options, listeners);
  }

  private constructor(
    channel: ConfirmChannel,
    { queue, persistent, ttlMs, headers }: PublishChannelOptions,
    { onAck, onNack, onReturn, onRefusal, onClose }: Listeners,
  ) {
    this.#channel = channel;
    this.#queue = queue;
    this.#headers = headers;
    this.#properties = {
      mandatory: true, // a confirm alone does not say that any queue took the message (guide "Confirms")
      persistent,
      contentType: "text/plain",
      messageId: "",
      timestamp: 0,
      ...(ttlMs === undefined ? {} : { expiration: ttlMs }),
    };
    channel.on("ack", (fields) => this.#confirmed(fields, onAck));
    channel.on("nack", (fields) => this.#confirmed(fields, onNack));
    channel.on("return", ({ properties, fields }) => onReturn(properties.messageId, returnReason(fields)));
    channel.on("error", (error) => onRefusal(reasonOf(error)));
    channel.on("close", () => onClose(this));
  }

  /** Publishes a task; false where the channel or its connection is closed, or being closed. */
  publish(outgoing: Outgoing): boolean {
    const { task, maybeStored } = outgoing;
    const properties = this.#properties;
    // Without what an instrumented amqplib may have added to the last ones.
    properties.headers = this.#headers === undefined ? undefined : { ...this.#headers };
    properties.messageId = task.id;
    properties.timestamp = Math.floor(Date.now() / 1000); // in s (spec 1.8.1)
    try {
      this.#channel.publish("", this.#queue, task.body, maybeStored ? duplicate(properties) : properties);
      batchWrites(this.#channel.connection); // for speed only
    } catch (error) {
      if (error instanceof IllegalOperationError) return false;
      throw error;
    }
    this.#unconfirmed.add(outgoing);
    return true;
  }

  /** How the queue stands; rejects where it is gone, or the channel. */
  async countQueue(): Promise<{ ready: number; workers: number }> {
    const { messageCount: ready, consumerCount: workers } = await this.#channel.checkQueue(this.#queue);
    return { ready, workers };
  }

  /** Closes it after pending publishes. */
  close(): Promise<void> {
    return this.#channel.close();
  }

  #confirmed({ deliveryTag, multiple }: Confirm, onConfirm: (outgoing: Outgoing) => void): void {
    // `multiple`: every message up to this one.
    for (let tag = multiple ? this.#unconfirmed.first : deliveryTag; tag <= deliveryTag; tag++) {
      const outgoing = this.#unconfirmed.take(tag);
      if (outgoing !== undefined) onConfirm(outgoing);
    }
  }
}

/** The fields of basic.ack and basic.nack. */
type Confirm = { deliveryTag: number; multiple: boolean };

/** Properties of a task published again after its confirm was lost: a worker may see it twice. */
const duplicate = (properties: Options.Publish): Options.Publish => ({
  ...properties,
  headers: { ...properties.headers, "x-possible-duplicate": true },
});
