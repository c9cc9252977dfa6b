import { compare, inRounds } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { rateTable, rateTarget } from "../tables.mjs";
import { allClients, contender, drainOnce } from "../work.mjs";

/** One process takes tasks without dots, so many at a time, and acknowledges each. */
export const drainPart = (prefetch, bound) => {
  const atATime = prefetch === 1 ? "one at a time" : `${prefetch} at a time`;
  return {
    title: `Drain a queue, one process, ${atATime}`,
    async run(testbed, clients) {
      const all = { count: sizes.drain[prefetch], prefetch };
      const measured = await inRounds(
        allClients.map((key) => contender(clients, key, all)),
        (one) => drainOnce(testbed, clients, one),
      );
      const compared = compare(measured);
      return {
        text: rateTable(compared),
        targets: [rateTarget(`drain ${atATime}`, bound, compared)],
        figures: compared,
      };
    },
  };
};
