import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from "amqplib";

/** The RabbitMQ that the test run started for all its files. */
export const brokerUrl = variable("TEST_BROKER_URL");
export const adminUrl = variable("TEST_ADMIN_URL");

function variable(name: string): string {
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

/** A queue name nobody else uses; the queue is deleted when the test ends. */
export function uniqueQueue(t: TestContext, url = brokerUrl, prefix = "test-"): string {
  const name = `${prefix}${randomUUID()}`;
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
  return name;
}

/** Takes everything out of a queue, in order. */
export async function readAll(channel: Channel, queue: string): Promise<string[]> {
  const { messageCount } = await channel.checkQueue(queue);
  const found: string[] = [];
  if (messageCount === 0) return found;
  await new Promise<void>((resolve) => {
    const take = (message: ConsumeMessage | null) => {
      found.push(message?.content.toString() ?? "");
      if (found.length === messageCount) resolve();
    };
    void channel.consume(queue, take, { noAck: true });
  });
  return found;
}

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

/** Closes the connection of that name, as an administrator would. It may take the API a while to know it. */
export async function closeConnection(name: string, base = adminUrl): Promise<void> {
  for (;;) {
    const connections = await management<{ name: string; client_properties: { connection_name?: string } }[]>(
      "connections",
      {},
      base,
    );
    const found = connections.find((one) => one.client_properties.connection_name === name);
    if (found === undefined) continue;
    await management(`connections/${encodeURIComponent(found.name)}`, { method: "DELETE" }, base);
    return;
  }
}
