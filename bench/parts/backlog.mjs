import { inRounds, ratios, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { shown, table } from "../tables.mjs";
import { atLeast } from "../targets.mjs";
import { contender, drainFrom, fill, line, publishTo } from "../work.mjs";

const { small, large, rounds, publish, oneAtATime } = sizes.backlog;

/** Publishing to and draining a queue with few and one with many tasks in it, which every round leaves as it was. */
export const backlog = {
  title: "With a backlog",
  run: (stage, clients) =>
    stage.withQueue("classic", (short) =>
      stage.withQueue("classic", async (long) => {
        const file = stage.file(publish, line);
        const steps = (queue, ready) => {
          const step = (name, setting, run) => ({
            ...contender(clients, "ours", {
              ...setting,
              name: `${name}, ${ready.toLocaleString("en-US")} waiting`,
              rounds,
            }),
            run,
          });
          const few = { count: oneAtATime, prefetch: 1 };
          const rest = { count: publish - oneAtATime, prefetch: 100 };
          return [
            step("publish", { count: publish, file }, (who) => publishTo(stage, queue, who, ready)),
            step("drain one at a time", few, (who) => drainFrom(stage, queue, who, ready + rest.count)),
            step("drain 100 at a time", rest, (who) => drainFrom(stage, queue, who, ready)),
          ];
        };
        await fill(stage, clients, short, small);
        await fill(stage, clients, long, large);
        const measured = await inRounds([...steps(short, small), ...steps(long, large)], (who) =>
          who.run(who),
        );
        const rate = ({ rate }) => rate;
        const compared = ["publish", "drain one at a time", "drain 100 at a time"].map((what, at) => {
          const [few, many] = [measured[at].samples, measured[at + 3].samples];
          return {
            what,
            few: spread(few.map(rate)),
            many: spread(many.map(rate)),
            ratio: ratios(many, few, rate),
          };
        });
        const waiting = (number) => `tasks/s, ${number.toLocaleString("en-US")} waiting`;
        return {
          text: table(
            ["ours", waiting(small), waiting(large), "ratio"],
            compared.map(({ what, few, many, ratio }) => [what, shown(few), shown(many), shown(ratio, 2)]),
          ),
          targets: compared.map(({ what, ratio }) =>
            atLeast(
              `${what} with ${large.toLocaleString("en-US")} waiting: of the rate with ${small.toLocaleString("en-US")}`,
              0.85,
              ratio.median,
            ),
          ),
        };
      }),
    ),
};
