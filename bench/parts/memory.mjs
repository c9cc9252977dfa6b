import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf } from "../proc.mjs";
import { inRounds, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { atMost, shown, table } from "../tables.mjs";
import { contender, line, publishOnce } from "../work.mjs";

const { settleMs, manyLines } = sizes.memory;

/** The memory of a worker that waits for tasks, and of a publisher of a long file at its peak. */
export const memory = {
  title: "Memory",
  async run(testbed, clients) {
    if (memoryOf("self") === null)
      return { text: "Left out: only Linux shows a process's memory here.", targets: [] };
    const measured = await inRounds(
      ["ours", "amqplib"].map((key) => contender(clients, key, { count: 1_000_000, prefetch: 1 })),
      (one) => testbed.withQueue("classic", (queue) => whileIdle(testbed, one, queue)),
    );
    const [ours, amqplib] = measured.map(({ samples }) => spread(samples.map(({ idle }) => idle)));
    const file = testbed.file(manyLines, line);
    const { peak } = await publishOnce(testbed, contender(clients, "ours", { count: manyLines, file }));
    const publishing = `publishing ${manyLines.toLocaleString("en-US")} lines`;
    return {
      text: table(
        ["memory", "MB"],
        [
          ["ours: a worker that waits", shown(ours)],
          ["amqplib: a consumer that waits", shown(amqplib)],
          [`ours: peak, ${publishing}`, peak.toFixed(0)],
        ],
      ),
      targets: [
        atMost("idle worker: memory of bare amqplib's consumer", 1.05, ours.median / amqplib.median),
        atMost(`${publishing}: peak memory in MB`, 95, peak),
      ],
    };
  },
};

/** A worker's memory, in MB, a moment after it has printed that it waits. */
async function whileIdle(testbed, one, queue) {
  const child = testbed.spawn(one.consume({ ...one, queue }), ["ignore", "pipe", "inherit"]);
  const ended = once(child, "exit");
  for await (const printed of createInterface({ input: child.stdout }))
    if (printed.includes("Waiting")) break;
  await sleep(settleMs);
  const idle = memoryOf(child.pid);
  child.kill();
  await ended;
  if (idle === null) throw new Error("A worker that should wait has ended.");
  return { idle };
}
