import { compare, inRounds } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { rateTable, rateTarget } from "../tables.mjs";
import { allClients, contender, line, publishOnce } from "../work.mjs";

/** Publishes the lines of a file to an empty queue of this type, until the last one is confirmed. */
export const publishPart = (type) => ({
  title: `Publish a file, ${type} queue`,
  async run(testbed, clients) {
    const count = sizes.publish.tasks;
    const all = { type, count, file: testbed.file(count, line) };
    const measured = await inRounds(
      allClients.map((key) => contender(clients, key, all)),
      (one) => publishOnce(testbed, one),
    );
    const compared = compare(measured);
    const what = `publish ${count.toLocaleString("en-US")} lines, ${type} queue`;
    return { text: rateTable(compared), targets: [rateTarget(what, 0.9, compared)], figures: compared };
  },
});
