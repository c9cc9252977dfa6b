import { type Channel, type ConsumeMessage, IllegalOperationError, type MessageProperties } from "amqplib";
import { batchWrites } from "../connection/write-batch.js";
import { Task } from "../task.js";

/** One message as one channel delivered it. It can be acknowledged on that channel only, and only once. */
export class Delivery {
  readonly task: Task;
  /** Delivered before and not acknowledged: that worker died or requeued it. */
  readonly redelivered: boolean;
  /**
   * How often it came back, as a quorum queue counts for its delivery limit; undefined where the broker does
   * not say (classic queues). Since RabbitMQ 4.3 only what counts as failed: basic.reject, a lost connection.
   */
  readonly deliveryCount: number | undefined;
  /** Earlier deliveries, failed or not (`x-acquired-count`: quorum queues, RabbitMQ 4.3 and later). */
  readonly acquiredCount: number | undefined;
  readonly #channel: Channel;
  readonly #message: ConsumeMessage;

  constructor(channel: Channel, message: ConsumeMessage) {
    const { messageId, headers } = message.properties;
    const { deliveryTag, redelivered } = message.fields;
    const id = typeof messageId === "string" && messageId !== "" ? messageId : `delivery-${deliveryTag}`;
    this.task = new Task(id, message.content);
    this.redelivered = redelivered;
    // Quorum queues count in x-delivery-count (guide "Quorum Queues", poison message handling). At the first
    // delivery it is missing, 0, or the publisher's own.
    this.deliveryCount = redelivered ? counted(headers?.["x-delivery-count"]) : undefined;
    this.acquiredCount = redelivered ? counted(headers?.["x-acquired-count"]) : undefined;
    this.#channel = channel;
    this.#message = message;
  }

  /** All its properties, as amqplib decodes them. */
  get properties(): MessageProperties {
    return this.#message.properties;
  }

  /** basic.ack: the task is done. False where the channel is gone and the broker will redeliver it. */
  ack(): boolean {
    return whileOpen(() => {
      this.#channel.ack(this.#message);
      batchWrites(this.#channel.connection); // for speed only
    });
  }

  /** basic.nack with requeue: another worker may have it. False where the channel is gone anyway. */
  requeue(): boolean {
    return whileOpen(() => this.#channel.nack(this.#message, false, true));
  }

  /**
   * basic.reject with requeue: its handler failed. Before RabbitMQ 4.3 equal to basic.nack; since then only
   * it counts towards a quorum queue's delivery limit (guide "Quorum Queues", poison message handling).
   */
  reject(): boolean {
    return whileOpen(() => this.#channel.reject(this.#message, true));
  }
}

/** Whether `send` could send: false if the channel or its connection is closed or closing. */
function whileOpen(send: () => void): boolean {
  try {
    send();
    return true;
  } catch (error) {
    if (error instanceof IllegalOperationError) return false;
    throw error;
  }
}

const counted = (header: unknown): number | undefined =>
  Number.isSafeInteger(header) && Number(header) >= 0 ? Number(header) : undefined;
