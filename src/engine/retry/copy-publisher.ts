import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  IllegalOperationError,
  type Options,
} from "amqplib";
import { refusal } from "../connection/declare-queue.js";
import { Session, type SessionTarget } from "../connection/session.js";
import { defaults } from "../defaults.js";
import { codeOf, reasonOf, WorkQueueError } from "../errors.js";
import type { Report } from "../events.js";
import { returnReason } from "../publish/message.js";
import { Window } from "../publish/window.js";
import { backoff, within } from "../timers.js";
import type { TargetQueue } from "./retry-queues.js";

/** AMQP reply codes (spec 1.2). */
const ACCESS_REFUSED = 403;
const PRECONDITION_FAILED = 406;

/** How often a copy is published before it is given up, because it was nacked or returned. */
const TRIES = 6;

/**
 * After so many of them the connection is replaced: a quorum queue nacks while it has no leader, after its node's start
 * for instance, and on channels used meanwhile even afterwards (seen with RabbitMQ 3.10).
 */
const TRIES_ON_ONE = 2;

/** A message to be put into another queue. */
export interface Copy {
  body: Buffer;
  properties: Options.Publish;
  /** Properties to fall back on where the others cannot be encoded: amqplib encodes no headers over 64 KiB. */
  fallback: Options.Publish;
}

interface Pending {
  readonly target: TargetQueue;
  readonly copy: Copy;
  /** How often it was nacked or returned. */
  failures: number;
  returned: string | undefined;
  /** Publishes it again. */
  timer: NodeJS.Timeout | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** A connection's channel, and what was published and declared on it. */
interface Current {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
  /** Numbered as they are published, from 1, which is their delivery tag (guide "Confirms"). */
  readonly unconfirmed: Window<Pending>;
  readonly declared: Map<string, Promise<void>>;
}

/**
 * Puts copies of messages into other queues, with confirms. It connects when it has something to publish, and on a
 * connection of its own: a broker that is short of memory stops reading from the connections that publish, and a worker
 * has to go on acknowledging, or the memory would never be freed (guide "Alarms").
 */
export class CopyPublisher {
  readonly #options: SessionTarget & { report: Report };
  #session: Session | undefined;
  #current: Current | undefined;
  readonly #pending = new Set<Pending>();

  constructor(options: SessionTarget & { report: Report }) {
    this.#options = options;
  }

  /**
   * Publishes a copy; resolves when the broker has confirmed it, that is routed and stored it. If the connection is lost
   * before, it is published again, so that the copy may be in the queue twice.
   * @throws WorkQueueError as a first connection does, or as a declaration is refused; NACKED, QUEUE_MISSING
   */
  publish(target: TargetQueue, copy: Copy): Promise<void> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        target,
        copy,
        failures: 0,
        returned: undefined,
        timer: undefined,
        resolve,
        reject,
      };
      this.#pending.add(pending);
      if (this.#current !== undefined) void this.#send(pending, this.#current);
      else if (this.#session === undefined) this.#connect();
    });
  }

  /** Closes its connection within `timeoutMs`; copies that are not confirmed are given up. */
  async close(timeoutMs: number): Promise<void> {
    const channel = this.#current?.channel;
    this.#current = undefined;
    this.#giveUp(new WorkQueueError("CONNECTION_LOST", "It was stopped."));
    await this.#session?.close(channel, timeoutMs);
  }

  #connect(): void {
    const { report, name } = this.#options;
    const session = new Session({
      ...this.#options,
      name: `${name} (retries)`,
      waitMs: Number.POSITIVE_INFINITY, // the tasks' own connection works, or did just now
      report: (event) => {
        if (event.event === "blocked" || event.event === "unblocked") report(event);
      },
      setup: (connection) => this.#setup(connection),
      lost: () => {
        this.#current = undefined;
      },
      failed: (error) => {
        if (this.#session === session) this.#session = undefined; // the next copy tries again
        this.#giveUp(error);
      },
    });
    this.#session = session;
    session.start();
  }

  async #setup(connection: ChannelModel): Promise<void> {
    const channel = await connection.createConfirmChannel();
    const current: Current = { connection, channel, unconfirmed: new Window(), declared: new Map() };
    let reason = "the broker closed the channel";
    channel.on("error", (error) => {
      reason = reasonOf(error);
      this.#refused(current, reason);
    });
    channel.on("close", () => {
      if (this.#current !== current) return;
      this.#current = undefined;
      this.#session?.restart(reason);
    });
    channel.on("ack", (fields) => this.#answered(current, fields, (one) => this.#acked(one)));
    channel.on("nack", (fields) =>
      this.#answered(current, fields, (one) => this.#again(one, "NACKED", "the broker nacked it")),
    );
    // Before the ack of the same message. It may be any of those for that queue: the queue is gone for all of them.
    channel.on("return", ({ fields }) => {
      current.declared.delete(fields.routingKey);
      for (const one of current.unconfirmed)
        if (one.target.name === fields.routingKey) one.returned = returnReason(fields);
    });
    this.#current = current;
    for (const pending of this.#pending) {
      clearTimeout(pending.timer);
      pending.returned = undefined;
      void this.#send(pending, current);
    }
  }

  /** Declares its queue and publishes it. What the connection's end prevents is done on the next connection. */
  async #send(pending: Pending, current: Current): Promise<void> {
    const { target, copy } = pending;
    try {
      const declared = current.declared.get(target.name) ?? declaredInTime(current.connection, target);
      current.declared.set(target.name, declared);
      await declared;
    } catch (error) {
      current.declared.delete(target.name);
      if (error instanceof WorkQueueError) this.#fail(pending, error);
      else this.#session?.restart(reasonOf(error));
      return;
    }
    if (this.#current !== current || !this.#pending.has(pending)) return;
    const publish = (properties: Options.Publish) => {
      try {
        current.channel.publish("", target.name, copy.body, properties);
        return true;
      } catch (error) {
        if (error instanceof IllegalOperationError) return false; // closed or closing
        throw error;
      }
    };
    let published: boolean;
    try {
      published = publish(copy.properties);
    } catch {
      published = publish(copy.fallback);
    }
    if (published) current.unconfirmed.add(pending);
  }

  #answered(
    { unconfirmed }: Current,
    { deliveryTag, multiple }: { deliveryTag: number; multiple: boolean },
    answer: (pending: Pending) => void,
  ): void {
    // `multiple`: every message up to this one.
    for (let tag = multiple ? unconfirmed.first : deliveryTag; tag <= deliveryTag; tag++) {
      const pending = unconfirmed.take(tag);
      if (pending !== undefined) answer(pending);
    }
  }

  #acked(pending: Pending): void {
    const { target, returned } = pending;
    if (returned === undefined) {
      this.#pending.delete(pending);
      pending.resolve();
    } else if (target.declaration === undefined)
      this.#fail(pending, new WorkQueueError("QUEUE_MISSING", `There is no queue "${target.name}".`));
    else this.#again(pending, "QUEUE_MISSING", returned);
  }

  /** Not stored: tries again after a pause, a few times. */
  #again(pending: Pending, code: "NACKED" | "QUEUE_MISSING", reason: string): void {
    pending.returned = undefined;
    if (++pending.failures === TRIES)
      this.#fail(
        pending,
        new WorkQueueError(code, `Queue "${pending.target.name}" takes no copy: ${reason}.`),
      );
    else if (code === "NACKED" && pending.failures % TRIES_ON_ONE === 0)
      this.#session?.restart("the broker nacks every copy on this one");
    else
      pending.timer = setTimeout(() => {
        if (this.#current !== undefined && this.#pending.has(pending))
          void this.#send(pending, this.#current);
      }, backoff(pending.failures));
  }

  /** The broker closes the channel because of something published on it, such as a size over its limit. */
  #refused({ unconfirmed }: Current, reason: string): void {
    for (const pending of unconfirmed) {
      if (++pending.failures === TRIES) this.#fail(pending, new WorkQueueError("PUBLISH_REFUSED", reason));
    }
  }

  #fail(pending: Pending, error: unknown): void {
    this.#pending.delete(pending);
    pending.reject(error);
  }

  #giveUp(error: WorkQueueError): void {
    for (const pending of this.#pending) this.#fail(pending, error);
  }
}

/** A quorum queue whose members are gone is never declared: the broker gives no answer. */
async function declaredInTime(connection: ChannelModel, target: TargetQueue): Promise<void> {
  const { setupTimeoutMs } = defaults;
  let isDeclared = false;
  const declared = declare(connection, target).then(() => {
    isDeclared = true;
  });
  await within(setupTimeoutMs, declared);
  if (isDeclared) return;
  const late = new WorkQueueError(
    "QUEUE_UNAVAILABLE",
    `Queue "${target.name}" was not declared within ${setupTimeoutMs / 1_000} s.`,
  );
  await Promise.race([declared, Promise.reject(late)]); // its own error, if it has one
}

/** @throws WorkQueueError where the broker refuses it; else the connection is lost */
async function declare(connection: ChannelModel, { name, declaration }: TargetQueue): Promise<void> {
  if (declaration === undefined) return;
  const { version } = connection.connection.serverProperties;
  let refused: unknown;
  for (const declared of declaration.arguments(version)) {
    refused = await tried(connection, (channel) =>
      channel.assertQueue(name, { durable: true, arguments: declared }),
    );
    if (refused === undefined) return;
    // Not permitted: somebody else may have declared it for this user.
    if (codeOf(refused) === ACCESS_REFUSED) break;
    if (codeOf(refused) !== PRECONDITION_FAILED) throw refusedQueue(refused, name);
  }
  if (codeOf(refused) === PRECONDITION_FAILED && !declaration.adopt) throw refusedQueue(refused, name);
  if ((await tried(connection, (channel) => channel.checkQueue(name))) !== undefined)
    throw refusedQueue(refused, name);
}

function refusedQueue(refused: unknown, queue: string): WorkQueueError {
  const error = refusal(refused, queue);
  if (error instanceof WorkQueueError) return error;
  return new WorkQueueError("QUEUE_REFUSED", `Queue "${queue}" is refused (${reasonOf(refused)}).`, refused);
}

/** Does something on a channel of its own, which a refusal closes; returns the refusal, or undefined. */
async function tried(
  connection: ChannelModel,
  work: (channel: Channel) => Promise<unknown>,
): Promise<unknown> {
  const channel = await connection.createChannel();
  channel.on("error", () => {}); // a refusal is also emitted
  try {
    await work(channel);
  } catch (error) {
    if (typeof codeOf(error) === "number") return error;
    throw error;
  }
  channel.close().catch(() => {});
  return undefined;
}
