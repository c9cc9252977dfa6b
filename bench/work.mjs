import { ratios, spread } from "./rounds.mjs";
import { sizes } from "./sizes.mjs";

/** The line of a task without dots; all have the same size. */
export const line = (number) => `Resize picture ${String(number).padStart(7, "0")} for the web`;
const bytes = line(1).length;

/** What the others are measured against: without a C compiler it is the raw Node socket. */
export const limitKey = ({ limit }) => (limit.skip ? "raw" : "limit");

const own = ["limit", "raw", "ours"];

/** A client as one of a part's contenders. `setting`: what it is run with, and its name where that says more. */
export function contender(clients, key, setting) {
  const { name, skip, ...commands } = clients[key];
  const rounds = own.includes(key) ? sizes.rounds.own : sizes.rounds.peers;
  return { key, name, skip, rounds, commands, ...setting };
}

function verifySaid({ name, commands }, role, count, said) {
  const expected = commands.says?.[role](count);
  if (expected !== undefined && !said.includes(expected))
    throw new Error(`${name} did not say "${expected}", but: ${said.slice(-500)}`);
}

/** Publishes a contender's tasks to a queue and verifies that they are there, beside what was `ready` before. */
export async function publishTo(stage, queue, contender, ready = 0) {
  const { name, commands, type = "classic", file, count, window } = contender;
  const sample = await stage.run(commands.publish({ queue, type, file, count, bytes, window }));
  verifySaid(contender, "publish", count, sample.said);
  await stage.expect(queue, ready + count, name);
  return perTask(sample, count);
}

/** Consumes a contender's tasks from a queue and verifies that the others, and only they, are left. */
export async function drainFrom(stage, queue, contender, left = 0) {
  const { name, commands, count, prefetch } = contender;
  const sample = await stage.run(commands.consume({ queue, type: "classic", count, prefetch }));
  verifySaid(contender, "consume", count, sample.said);
  await stage.expect(queue, left, name);
  return perTask(sample, count);
}

/** Puts tasks into a queue, as fast as it goes. */
export async function fill(stage, clients, queue, count) {
  await publishTo(stage, queue, contender(clients, limitKey(clients), { count }));
}

/** Publishes to a queue that was empty. */
export const publishOnce = (stage, contender) =>
  stage.withQueue(contender.type ?? "classic", (queue) => publishTo(stage, queue, contender));

/** Drains a queue that was filled for it. */
export const drainOnce = (stage, clients, contender) =>
  stage.withQueue("classic", async (queue) => {
    await fill(stage, clients, queue, contender.count);
    return drainFrom(stage, queue, contender);
  });

/** Lets the broker load what it needs, before anything is measured. */
export async function warmUp(stage, clients) {
  const limit = limitKey(clients);
  const count = sizes.warmUp;
  await drainOnce(stage, clients, contender(clients, limit, { count, prefetch: 100 }));
  await publishOnce(stage, contender(clients, limit, { count, type: "quorum" }));
}

function perTask({ seconds, clientCpu, brokerCpu, peak }, count) {
  const each = (cpu) => (cpu === null ? null : (cpu / count) * 1e6);
  return { rate: count / seconds, seconds, clientCpu: each(clientCpu), brokerCpu: each(brokerCpu), peak };
}

/** What the contenders of a part came to, in numbers: rates in tasks per second, processor time per task in µs. */
export function compare(measured, baseKey) {
  const base = measured.find(({ key }) => key === baseKey);
  return measured.map(({ key, name, skip, samples, count, window, prefetch }) => ({
    ...{ key, name, skip, count, window, prefetch, rounds: samples.length },
    rate: spread(samples.map(({ rate }) => rate)),
    ratio: ratios(samples, base.samples, ({ rate }) => rate),
    clientCpu: spread(samples.map(({ clientCpu }) => clientCpu)),
    brokerCpu: spread(samples.map(({ brokerCpu }) => brokerCpu)),
    peak: spread(samples.map(({ peak }) => peak)),
  }));
}
