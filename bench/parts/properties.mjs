import { encode, ours } from "../limit/properties.mjs";
import { inRounds, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { shown, table } from "../tables.mjs";
import { contender, publishOnce } from "../work.mjs";

const { tasks, rounds } = sizes.properties;
const old = { contentType: "text/plain; charset=utf-8", headers: true, id: 36, timestamp: true };

/** What a message may have: a name, properties beside the delivery mode, and whether it is mandatory. */
const messages = [
  ["delivery mode only", {}, false],
  ["mandatory", {}, true],
  ["timestamp", { timestamp: true }, false],
  ["content type `text/plain`", { contentType: "text/plain" }, false],
  ["message id of 16 characters", { id: 16 }, false],
  ["ours: id of 16, `text/plain`, timestamp, mandatory", ours, true],
  ["the same, id of 37", { ...ours, id: 37 }, true],
  ["the same, id of 38", { ...ours, id: 38 }, true],
  ["the same, id of 53", { ...ours, id: 53 }, true],
  ["before: charset, headers, id of 36, timestamp, mandatory", old, true],
];

/** The limit publishes tasks with more and fewer properties: what do they cost the broker? */
export const properties = {
  title: "What a message's properties cost the broker",
  async run(testbed, clients) {
    const measured = await inRounds(
      messages.map(([name, fields, mandatory]) =>
        contender(clients, "limit", { name, properties: encode(fields), mandatory, count: tasks, rounds }),
      ),
      (one) => publishOnce(testbed, one),
    );
    const figures = measured.map(({ name, properties, samples }) => ({
      ...{ name, bytes: properties.length / 2 },
      rate: spread(samples.map(({ rate }) => rate)),
      brokerCpu: spread(samples.map(({ brokerCpu }) => brokerCpu)),
    }));
    const header = ["properties", "bytes", "tasks/s", "the broker's µs of CPU per task", "tasks × rounds"];
    const amount = `${tasks.toLocaleString("en-US")} × ${rounds}`;
    return {
      text: table(
        header,
        figures.map(({ name, bytes, rate, brokerCpu }) => [
          ...[name, bytes, shown(rate)],
          ...[shown(brokerCpu, 1), amount],
        ]),
      ),
      targets: [],
      figures,
    };
  },
};
