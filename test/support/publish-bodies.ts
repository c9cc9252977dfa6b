import type { TestContext } from "node:test";
import { connect, type Options } from "amqplib";
import { brokerUrl } from "./queue.js";

/** Declares the queue and publishes bodies to it as they are, each one confirmed. */
export async function publishBodies(
  t: TestContext,
  queue: string,
  bodies: Iterable<Buffer>,
  properties: Options.Publish = {},
): Promise<void> {
  const connection = await connect(brokerUrl);
  t.after(() => connection.close().catch(() => {}));
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  for (const body of bodies) channel.sendToQueue(queue, body, properties);
  await channel.waitForConfirms();
}
