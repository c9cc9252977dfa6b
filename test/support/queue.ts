import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { type Channel, type ChannelModel, connect } from "amqplib";

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
export function uniqueQueue(t: TestContext, url = brokerUrl): string {
  const name = `test-${randomUUID()}`;
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

interface ManagedQueue {
  durable: boolean;
  type: string;
  arguments: Record<string, unknown>;
}

/** What the management API says, for the one vhost used in tests. */
export async function management<T>(path: string, init: RequestInit = {}, base = adminUrl): Promise<T> {
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  const response = await fetch(`${base}api/${path}`, { ...init, headers: { authorization } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
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
