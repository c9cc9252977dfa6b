import { type Channel, type ConsumeMessage, IllegalOperationError } from "amqplib";
import { Task } from "./task.js";

/** One message as one channel delivered it. It can be answered on that channel only, and only once. */
export class Delivery {
  readonly task: Task;
  /** Delivered before, and not acknowledged then: to a worker that died, or that handed it back. */
  readonly redelivered: boolean;
  /** How often it was delivered before and came back; undefined where the broker does not say (classic queues). */
  readonly deliveryCount: number | undefined;
  readonly #channel: Channel;
  readonly #message: ConsumeMessage;

  constructor(channel: Channel, message: ConsumeMessage) {
    const { messageId, headers } = message.properties;
    const { deliveryTag, redelivered } = message.fields;
    const id = typeof messageId === "string" && messageId !== "" ? messageId : `delivery-${deliveryTag}`;
    this.task = new Task(id, message.content);
    this.redelivered = redelivered;
    // Quorum queues count in x-delivery-count (guide "Quorum Queues", poison message handling).
    const count: unknown = headers?.["x-delivery-count"];
    this.deliveryCount = typeof count === "number" ? count : undefined;
    this.#channel = channel;
    this.#message = message;
  }

  /** basic.ack: the task is done. False where the channel is gone and the broker will redeliver it. */
  ack(): boolean {
    return sent(() => this.#channel.ack(this.#message));
  }

  /** basic.nack with requeue: another worker may have it. False where the channel is gone anyway. */
  requeue(): boolean {
    return sent(() => this.#channel.nack(this.#message, false, true));
  }
}

/** amqplib throws when a channel that has closed is written to. */
function sent(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof IllegalOperationError) return false;
    throw error;
  }
}
