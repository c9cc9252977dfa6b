import type { ChalkInstance } from "chalk";
import type { EngineEvent } from "../engine/events.js";
import { deadQueueName, retryQueueName } from "../engine/retry/retry-queues.js";
import { printable } from "../text/printable.js";

/** One AMQP method as sent or received, and its purpose. */
interface Step {
  method: string;
  why: string;
}

/**
 * Prints each AMQP step as it happens: with its flags and, the first time, its purpose.
 * Sources: AMQP 0-9-1 spec; RabbitMQ guides "Queues", "Consumers", "Publishers", "Confirms".
 */
export function explainReporter(
  write: (line: string) => void,
  colors: ChalkInstance,
  names: { name: string; queue: string },
): (event: EngineEvent) => void {
  const explained = new Set<string>();
  let autoAck = false;
  let connected = false;
  return (event) => {
    if (event.event === "consuming") autoAck = event.autoAck;
    if (event.event === "connected") connected = true;
    if (event.event === "stopped" && !connected) return; // nothing was open
    if (autoAck && event.event === "task-done") return; // no ack was sent
    for (const { method, why } of steps(event, names, autoAck)) {
      write(`     ${colors.magenta("↳")} ${colors.dim(method)}`);
      if (!explained.has(why)) write(`       ${colors.dim(why)}`);
      explained.add(why);
    }
  };
}

function steps(event: EngineEvent, names: { name: string; queue: string }, autoAck: boolean): Step[] {
  const queue = printable(names.queue);
  const name = printable(names.name);
  switch (event.event) {
    case "connected":
      return [
        {
          method: `connection.open to ${printable(event.broker)} (${printable(event.product)} ${printable(event.version)})`,
          why: `One TCP connection, logged in. The admin UI shows it as ${name}; heartbeats show when a peer is gone.`,
        },
      ];
    case "connection-lost":
      return [
        {
          method: "connection lost",
          why: "Unacknowledged tasks are delivered again; unconfirmed ones are published again.",
        },
      ];
    case "channel-opened":
      return event.confirms
        ? [
            { method: "channel.open", why: "A channel is a lightweight session in the connection." },
            {
              method: "confirm.select",
              why: "From here on the broker confirms every message it accepts. Without it, a lost message would go unnoticed.",
            },
          ]
        : [{ method: "channel.open", why: "A channel is a lightweight session in the connection." }];
    case "queue-declared":
      return [
        ...(event.created
          ? [
              {
                method: `queue.declare ${queue} passive: not found`,
                why: "Asked first, for the next answer does not say whether the queue is new. On a channel of its own, which this one closed.",
              },
            ]
          : []),
        event.adopted
          ? {
              method: `queue.declare ${queue} passive: ${event.ready} ready, ${event.workers} consumers`,
              why: "The queue exists with other arguments, so it is only looked up, not changed.",
            }
          : {
              method: `queue.declare ${queue} durable=true${event.type === null ? "" : ` x-queue-type=${event.type}`}: ${event.ready} ready, ${event.workers} consumers`,
              why: "Creates the queue unless it exists. Durable: it survives a broker restart. Both sides declare it, so either may start first.",
            },
      ];
    case "task-sent":
      return [
        {
          method: `basic.publish exchange="" routing-key=${queue} mandatory=true delivery-mode=${event.persistent ? 2 : 1}${event.ttlMs === null ? "" : ` expiration=${event.ttlMs}`}`,
          why: event.persistent
            ? "The default exchange routes by queue name. Delivery mode 2: stored on disk. Mandatory: comes back if no queue takes it."
            : "The default exchange routes by queue name. Delivery mode 1: gone when the broker restarts. Mandatory: comes back if no queue takes it.",
        },
      ];
    case "task-confirmed":
      return [
        {
          method: "basic.ack from the broker (publisher confirm)",
          why: "The broker has the task: routed to the queue, and on disk where it is persistent.",
        },
      ];
    case "task-unroutable":
      return [
        {
          method: "basic.return from the broker",
          why: "No queue took the message; mandatory made the broker say so.",
        },
      ];
    case "consuming":
      return consuming(event, queue, name);
    case "task-received":
      return [
        {
          method: `basic.deliver redelivered=${event.redelivered}`,
          why: autoAck
            ? "The broker sends the task and forgets it."
            : "The broker sends the task and keeps it until it is acknowledged.",
        },
      ];
    case "task-done":
      return [{ method: "basic.ack", why: "The broker deletes the task only now, and sends the next one." }];
    case "task-failed":
      if (event.retryInMs === null) return [];
      return [
        {
          method: `basic.publish exchange="" routing-key=${printable(retryQueueName(names.queue, event.retryInMs))} mandatory=true, confirmed`,
          why: "A copy waits there for the next attempt; when its time is over, the broker moves it back to the work queue.",
        },
        {
          method: "basic.ack",
          why: "Only now, when the copy is confirmed: a task may be there twice, but never not at all.",
        },
      ];
    case "task-dead":
      return [
        {
          method: `basic.publish exchange="" routing-key=${printable(deadQueueName(names.queue))} mandatory=true, confirmed`,
          why: "A dead letter: it stays there until somebody looks at it. `task-queue dead` does.",
        },
        {
          method: "basic.ack",
          why: "Only now, when the copy is confirmed: a task may be there twice, but never not at all.",
        },
      ];
    case "task-requeued":
      return [
        { method: "basic.nack requeue=true", why: "The task goes back to the queue, marked as redelivered." },
      ];
    case "stopping":
      return [
        { method: `basic.cancel ${name}`, why: "No more deliveries; running tasks are finished first." },
      ];
    case "stopped":
      return [
        {
          method: "channel.close, then connection.close",
          why: "In this order and each one answered, so that no ack or publish stays in a buffer.",
        },
      ];
    default:
      return [];
  }
}

function consuming(event: { prefetch: number; autoAck: boolean }, queue: string, name: string): Step[] {
  return [
    {
      method: `basic.qos prefetch-count=${event.prefetch}`,
      why: event.autoAck
        ? "No effect with automatic acks: the broker sends everything at once, however busy this worker is."
        : event.prefetch === 0
          ? "No limit: the broker sends everything at once, however busy this worker is."
          : `Fair dispatch: never more than ${event.prefetch} unacknowledged here, so a busy worker gets no further task.`,
    },
    {
      method: `basic.consume ${queue} consumer-tag=${name} no-ack=${event.autoAck}`,
      why: event.autoAck
        ? "Automatic acks: the broker forgets a task when it has sent it. If this worker dies, its tasks are lost."
        : "Manual acks: the task of a worker that dies goes to another one.",
    },
  ];
}
