import type { ChannelModel, ConfirmChannel } from "amqplib";
import { ChannelWire } from "./channel-wire.js";
import { defaults } from "./defaults.js";
import { reasonOf } from "./errors.js";
import type { Outgoing } from "./in-flight.js";
import { returnReason } from "./message.js";
import { Numbered } from "./numbered.js";
import { PublishFrames } from "./publish-frames.js";
import { openQueueChannel, type QueueChannelOptions } from "./queue-channel.js";

/** What a publisher hears of its channel. */
interface Listeners {
  /** The broker's answer to a task. */
  answered(outgoing: Outgoing, answer: "ack" | "nack"): void;
  /** A message came back, because no queue took it. */
  returned(messageId: unknown, reason: string): void;
  /** amqplib takes more again. */
  drained(): void;
  /** The broker closed the channel because of something that was published. */
  refused(reason: string): void;
  closed(channel: PublishChannel): void;
}

export interface PublishChannelOptions extends QueueChannelOptions {
  persistent: boolean;
  ttlMs: number | undefined;
}

/** A channel with confirms on which the queue is declared. Publishes are encoded here, and all else by amqplib. */
export class PublishChannel {
  readonly #wire: ChannelWire;
  readonly #frames: PublishFrames;
  /** What awaits the broker's answer, by delivery tag: they count up from 1 on each channel (guide "Confirms"). */
  readonly #unanswered = new Numbered<Outgoing>();

  /** @throws WorkQueueError as `openQueueChannel` does */
  static async open(
    connection: ChannelModel,
    options: PublishChannelOptions,
    listeners: Listeners,
  ): Promise<PublishChannel> {
    const open = () => connection.createConfirmChannel({ highWaterMark: defaults.writeBuffers });
    const channel = await openQueueChannel(open, options);
    return new PublishChannel(channel, options, listeners);
  }

  private constructor(channel: ConfirmChannel, options: PublishChannelOptions, listeners: Listeners) {
    this.#wire = new ChannelWire(channel);
    const { number, frameMax } = this.#wire;
    this.#frames = new PublishFrames({ ...options, channel: number, frameMax });
    channel.on("ack", (fields) => this.#answered(fields, (outgoing) => listeners.answered(outgoing, "ack")));
    channel.on("nack", (fields) =>
      this.#answered(fields, (outgoing) => listeners.answered(outgoing, "nack")),
    );
    channel.on("return", ({ properties, fields }) =>
      listeners.returned(properties.messageId, returnReason(fields)),
    );
    channel.on("error", (error) => listeners.refused(reasonOf(error)));
    channel.on("close", () => listeners.closed(this));
    channel.on("drain", () => listeners.drained());
  }

  /** Whether publishes wait for the broker to read: then "drained" is heard. */
  get full(): boolean {
    return this.#wire.full;
  }

  /** Publishes a task; false where the channel is closed. */
  publish(outgoing: Outgoing): boolean {
    if (!this.#wire.open) return false;
    const { task, maybeStored } = outgoing;
    const seconds = Math.floor(Date.now() / 1000);
    this.#frames.send(task, maybeStored, seconds, this.#wire);
    this.#unanswered.add(outgoing);
    return true;
  }

  /** Closes it, behind what is published. */
  close(): Promise<void> {
    return this.#wire.close();
  }

  #answered({ deliveryTag, multiple }: Answer, tell: (outgoing: Outgoing) => void): void {
    for (let tag = multiple ? this.#unanswered.first : deliveryTag; tag <= deliveryTag; tag++) {
      const outgoing = this.#unanswered.take(tag);
      if (outgoing !== undefined) tell(outgoing);
    }
  }
}

type Answer = { deliveryTag: number; multiple: boolean };
