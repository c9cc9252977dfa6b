import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from "amqplib";
import { until } from "./deadline.js";
import { eventually, eventuallyIs } from "./eventually.js";

/** The RabbitMQ that the test run started for all its files. */
export const brokerUrl = variable("TEST_BROKER_URL");
export const adminUrl = variable("TEST_ADMIN_URL");

/** What scripts/test.mjs hands over in the environment. */
export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with npm test -- <file>`);
  return value;
}

/** A connection of the test's own, closed when the test ends. */
export async function openChannel(t: TestContext, url = brokerUrl): Promise<Channel> {
  const connection: ChannelModel = await connect(url);
  connection.on("error", () => {});
  t.after(() => connection.close().catch(() => {}));
  const channel = await connection.createChannel();
  channel.on("error", () => {});
  return channel;
}

/** A queue name that nothing else uses; the queue is deleted when the test ends. */
export function uniqueQueue(t: TestContext, url = brokerUrl, prefix = "test-"): string {
  const name = `${prefix}${randomUUID()}`;
  deletedAfterwards(t, name, url);
  return name;
}

/** Deletes the queue when the test ends. */
export function deletedAfterwards(t: TestContext, name: string, url = brokerUrl): void {
  t.after(async () => {
    const connection = await connect(url).catch(() => undefined); // the test may have ended its broker
    if (connection === undefined) return;
    try {
      const channel = await connection.createChannel();
      await channel.deleteQueue(name);
    } finally {
      await connection.close();
    }
  });
}

/** Takes everything out of a queue, in order. */
export async function readAllMessages(channel: Channel, queue: string): Promise<ConsumeMessage[]> {
  const { messageCount } = await channel.checkQueue(queue);
  const found: ConsumeMessage[] = [];
  let look = () => {};
  if (messageCount > 0)
    await channel.consume(
      queue,
      (message) => {
        if (message !== null) found.push(message);
        look();
      },
      { noAck: true },
    );
  await until(
    `all ${messageCount} tasks of ${queue} are read`,
    () => found.length === messageCount,
    (check) => {
      look = check;
      return () => {
        look = () => {};
      };
    },
    () => `${found.length} are.`,
  );
  return found;
}

/** The same, as text. */
export const readAll = async (channel: Channel, queue: string): Promise<string[]> =>
  (await readAllMessages(channel, queue)).map(({ content }) => content.toString());

interface ManagedQueue {
  durable: boolean;
  type: string;
  arguments: Record<string, unknown>;
}

/** What the management API says. */
export async function management<T>(path: string, init: RequestInit = {}, base = adminUrl): Promise<T> {
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  const response = await fetch(`${base}api/${path}`, { ...init, headers: { authorization } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const body = await response.text();
  return (body === "" ? undefined : JSON.parse(body)) as T;
}

export const describeQueue = (name: string): Promise<ManagedQueue> =>
  management<ManagedQueue>(`queues/%2F/${encodeURIComponent(name)}`);

/** Resolves when so many tasks are ready in the queue. */
export const hasReady = (channel: Channel, queue: string, tasks: number): Promise<void> =>
  eventually(`${tasks} tasks are ready in ${queue}`, async () => {
    const { messageCount } = await channel.checkQueue(queue);
    return messageCount === tasks;
  });

/** Closes the connection of that name, as an administrator would. It may take the API a while to know it. */
export async function closeConnection(name: string, base = adminUrl): Promise<void> {
  type Listed = { name: string; client_properties: { connection_name?: string } };
  const found = await eventuallyIs(`the management API lists a connection named ${name}`, async () => {
    const connections = await management<Listed[]>("connections", {}, base);
    return connections.find((one) => one.client_properties.connection_name === name);
  });
  await management(`connections/${encodeURIComponent(found.name)}`, { method: "DELETE" }, base);
}
