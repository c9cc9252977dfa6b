import type { PrivateBroker } from "#dist/broker/private-broker.js";

/** What `rabbitmqctl list_queues` says of a queue in the vhost "/". */
export function listed(broker: PrivateBroker, queue: string): { ready: number; unacknowledged: number } {
  const words = ["-q", "list_queues", "name", "messages_ready", "messages_unacknowledged"];
  for (const line of broker.run("rabbitmqctl", ...words).split("\n")) {
    const [name, ready, unacknowledged] = line.split("\t");
    if (name === queue) return { ready: Number(ready), unacknowledged: Number(unacknowledged) };
  }
  throw new Error(`rabbitmqctl lists no queue ${queue}.`);
}
