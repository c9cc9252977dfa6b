import { encode, ours } from "./limit/properties.mjs";
import { sizes } from "./sizes.mjs";

/** The line of a task without dots; all have the same size. */
export const line = (number) => `Resize picture ${String(number).padStart(7, "0")} for the web`;
const bytes = line(1).length;

/** The clients of a part that compares them all. */
export const allClients = ["limit", "ours", "amqplib", "rabbitmqClient", "cloudamqp"];

/** A client as one of a part's contenders. `setting`: what it is run with, and its name where that says more. */
export const contender = (clients, key, setting) => ({
  key,
  rounds: sizes.rounds[key] ?? sizes.rounds.others,
  ...{ type: "classic", properties: encode(ours), mandatory: true },
  ...clients[key],
  ...setting,
});

async function runAndRead(testbed, contender, role, queue) {
  const { name, count, prints } = contender;
  const sample = await testbed.run(contender[role]({ ...contender, queue, bytes }));
  const expected = count > 1 ? prints?.[role](count) : undefined;
  if (expected !== undefined && !sample.output.includes(expected))
    throw new Error(`${name} did not print "${expected}", but: ${sample.output.slice(-500)}`);
  const each = (cpu) => (cpu === null ? null : (cpu / count) * 1e6);
  const { seconds, clientCpu, brokerCpu, peak } = sample;
  return { rate: count / seconds, seconds, clientCpu: each(clientCpu), brokerCpu: each(brokerCpu), peak };
}

/** Publishes a contender's tasks to a queue and verifies that they are there, beside what was `ready` before. */
export async function publishTo(testbed, queue, contender, ready = 0) {
  const sample = await runAndRead(testbed, contender, "publish", queue);
  await testbed.expect(queue, ready + contender.count, contender.name);
  return sample;
}

/** Consumes a contender's tasks from a queue and verifies that the others, and only they, are left. */
export async function drainFrom(testbed, queue, contender, left = 0) {
  const sample = await runAndRead(testbed, contender, "consume", queue);
  await testbed.expect(queue, left, contender.name);
  return sample;
}

/** Puts tasks into a queue, as fast as it goes. */
export const fill = (testbed, clients, queue, count) =>
  publishTo(testbed, queue, contender(clients, "limit", { count }));

/** Publishes to a queue that was empty. */
export const publishOnce = (testbed, contender) =>
  testbed.withQueue(contender.type, (queue) => publishTo(testbed, queue, contender));

/** Drains a queue that was filled for it. */
export const drainOnce = (testbed, clients, contender) =>
  testbed.withQueue("classic", async (queue) => {
    await fill(testbed, clients, queue, contender.count);
    return drainFrom(testbed, queue, contender);
  });

/** Lets the broker load what it needs, before anything is measured. */
export async function warmUp(testbed, clients) {
  const count = sizes.warmUp;
  await drainOnce(testbed, clients, contender(clients, "limit", { count, prefetch: 100 }));
  await publishOnce(testbed, contender(clients, "limit", { count, type: "quorum" }));
}
