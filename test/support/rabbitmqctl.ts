import { runTool } from "./broker.js";

/** What `rabbitmqctl list_queues` says of a queue in the common broker's vhost "/". */
export async function listed(queue: string): Promise<{ ready: number; unacknowledged: number }> {
  const words = ["-q", "list_queues", "name", "messages_ready", "messages_unacknowledged"];
  for (const line of (await runTool("common", "rabbitmqctl", ...words)).split("\n")) {
    const [name, ready, unacknowledged] = line.split("\t");
    if (name === queue) return { ready: Number(ready), unacknowledged: Number(unacknowledged) };
  }
  throw new Error(`rabbitmqctl lists no queue ${queue}.`);
}
