import { inRounds, ratios, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { atLeast, shown, table } from "../tables.mjs";
import { contender, drainFrom, fill, line, publishTo } from "../work.mjs";

const { small, large, rounds, tasks, oneAtATime } = sizes.backlog;
const waiting = (number) => `${number.toLocaleString("en-US")} waiting`;

/** Publishing to and draining a queue with few and one with many tasks in it, which every round leaves as it was. */
export const backlog = {
  title: "With a backlog",
  run: (testbed, clients) =>
    testbed.withQueue("classic", (short) =>
      testbed.withQueue("classic", async (long) => {
        const file = testbed.file(tasks, line);
        const ours = (setting) => contender(clients, "ours", setting);
        const rest = tasks - oneAtATime;
        const run = async ({ queue, ready }) => {
          const all = ours({ count: tasks, file });
          const some = ours({ count: oneAtATime, prefetch: 1 });
          const others = ours({ count: rest, prefetch: 100 });
          return {
            publish: await publishTo(testbed, queue, all, ready),
            "drain one at a time": await drainFrom(testbed, queue, some, ready + rest),
            "drain 100 at a time": await drainFrom(testbed, queue, others, ready),
          };
        };
        await fill(testbed, clients, short, small);
        await fill(testbed, clients, long, large);
        const queues = [
          { queue: short, ready: small },
          { queue: long, ready: large },
        ].map((one) => ({ ...one, name: waiting(one.ready), rounds }));
        const [few, many] = (await inRounds(queues, run)).map(({ samples }) => samples);
        const compared = ["publish", "drain one at a time", "drain 100 at a time"].map((what) => {
          const rate = (sample) => sample[what].rate;
          return {
            ...{ what, few: spread(few.map(rate)), many: spread(many.map(rate)) },
            ratio: ratios(many, few, rate),
          };
        });
        return {
          text: table(
            ["ours", `tasks/s, ${waiting(small)}`, `tasks/s, ${waiting(large)}`, "ratio"],
            compared.map(({ what, few, many, ratio }) => [what, shown(few), shown(many), shown(ratio, 2)]),
          ),
          targets: compared.map(({ what, ratio }) =>
            atLeast(
              `${what} with ${waiting(large)}: of the rate with ${small.toLocaleString("en-US")}`,
              0.85,
              ratio.median,
            ),
          ),
        };
      }),
    ),
};
