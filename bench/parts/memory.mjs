import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf } from "../proc.mjs";
import { inRounds, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { shown, table } from "../tables.mjs";
import { atMost } from "../targets.mjs";
import { contender, line, publishOnce } from "../work.mjs";

const { lines, manyLines, idleRounds, settleMs } = sizes.memory;
const keys = ["ours", "amqplib"];

/** What a worker takes that waits, and a publisher of a file, short or long. */
export const memory = {
  title: "Memory",
  async run(stage, clients) {
    if (memoryOf("self") === null)
      return { text: "Left out: only Linux tells a process's memory here.", targets: [] };
    const idle = await inRounds(
      keys.map((key) => contender(clients, key, { rounds: idleRounds })),
      ({ commands }) => stage.withQueue("classic", (queue) => whileIdle(stage, commands, queue)),
    );
    const publishing = (count, rounds) => {
      const all = { count, file: stage.file(count, line), rounds };
      return inRounds(
        keys.map((key) => contender(clients, key, all)),
        (one) => publishOnce(stage, one),
      );
    };
    const few = await publishing(lines, sizes.rounds.peers);
    const many = await publishing(manyLines, 1);
    const peaks = (measured) => measured.map(({ samples }) => spread(samples.map(({ peak }) => peak)));
    const idles = idle.map(({ samples }) => spread(samples));
    const columns = [idles, peaks(few), peaks(many)];
    const [[idleOurs, idlePeer], [fewOurs], [manyOurs]] = columns;
    const count = (number) => `publishing ${number.toLocaleString("en-US")} lines: peak MB`;
    return {
      text: table(
        ["client", "idle worker: MB", count(lines), count(manyLines)],
        idle.map(({ name }, at) => [name, ...columns.map((column) => shown(column[at]))]),
      ),
      targets: [
        atMost("idle worker: memory of a bare amqplib consumer's", 1.1, idleOurs.median / idlePeer.median),
        atMost(
          `peak memory with ${manyLines.toLocaleString("en-US")} lines: of that with ${lines.toLocaleString("en-US")}`,
          1.1,
          manyOurs.median / fewOurs.median,
        ),
        atMost(`peak memory with ${manyLines.toLocaleString("en-US")} lines, in MB`, 110, manyOurs.median),
      ],
    };
  },
};

/** A worker's memory, in MB, a moment after it says that it waits. */
async function whileIdle(stage, commands, queue) {
  const child = stage.spawn(commands.consume({ queue, type: "classic", count: 1_000_000, prefetch: 1 }), [
    "ignore",
    "pipe",
    "inherit",
  ]);
  const ended = once(child, "exit");
  for await (const said of createInterface({ input: child.stdout })) if (said.includes("Waiting")) break;
  await sleep(settleMs);
  const megabytes = memoryOf(child.pid);
  child.kill();
  await ended;
  if (megabytes === null) throw new Error("A worker that should wait has ended.");
  return megabytes;
}
