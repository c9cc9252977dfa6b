import { type Channel, connect } from "amqplib";
import { eventually } from "../support/eventually.js";
import { management } from "../support/queue.js";

/** The name of the measurement's own connections, which no fault strikes. */
const OWN = "reliability-harness";

/** Opens a channel for a moment: a connection that stayed would be struck with the others. */
async function onChannel<T>(url: string, act: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await connect(url, { clientProperties: { connection_name: OWN } });
  connection.on("error", () => {});
  try {
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    return await act(channel);
  } finally {
    await connection.close().catch(() => {});
  }
}

export const declareQueue = (url: string, queue: string): Promise<unknown> =>
  onChannel(url, (channel) =>
    channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } }),
  );

export const deleteQueue = (url: string, queue: string): Promise<unknown> =>
  onChannel(url, (channel) => channel.deleteQueue(queue));

/** How the queue stands, or undefined where there is none. */
export const lookAt = (url: string, queue: string) =>
  onChannel(url, (channel) => channel.checkQueue(queue).catch(() => undefined));

/** Publishes tasks and waits until the broker has them. */
export async function putTasks(url: string, queue: string, tasks: string[]): Promise<void> {
  await onChannel(url, async (channel) => {
    for (const task of tasks) channel.sendToQueue(queue, Buffer.from(task), { persistent: true });
    await channel.close(); // after all that was published before it
  });
}

/** Takes out what is left in a queue without consumers. */
export async function takeAll(url: string, queue: string): Promise<string[]> {
  if ((await lookAt(url, queue)) === undefined) return [];
  // What a dead worker held is back in the queue when its consumer is gone.
  await eventually("no consumers", async () => (await lookAt(url, queue))?.consumerCount === 0);
  return onChannel(url, async (channel) => {
    const tasks: string[] = [];
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) return tasks;
      tasks.push(message.content.toString());
    }
  });
}

/** The names of all connections but the measurement's own, as the management API knows them. */
export async function connectionNames(adminUrl: string): Promise<string[]> {
  const all = await management<{ name: string; client_properties?: { connection_name?: string } }[]>(
    "connections",
    {},
    adminUrl,
  );
  return all.filter((one) => one.client_properties?.connection_name !== OWN).map(({ name }) => name);
}

export async function serverVersion(url: string): Promise<string> {
  const connection = await connect(url);
  await connection.close();
  return connection.connection.serverProperties.version;
}
