import { inRounds, ratios, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { atMost, shown, table } from "../tables.mjs";
import { contender, line, publishOnce } from "../work.mjs";

const { rounds } = sizes.start;

/** One task published: from the start of the process to its exit. Node's own start beside it. */
export const start = {
  title: "One task, start to exit",
  async run(testbed, clients) {
    const task = { count: 1, file: testbed.file(1, line), rounds };
    const measured = await inRounds(
      [
        { key: "node", name: "node -e 0", rounds },
        contender(clients, "limit", task),
        contender(clients, "ours", { ...task, file: undefined, name: "ours: new-task Hello" }),
        ...["amqplib", "amqplibNagle", "rabbitmqClient", "cloudamqp"].map((key) =>
          contender(clients, key, task),
        ),
      ],
      (one) => (one.key === "node" ? testbed.run([process.execPath, "-e", "0"]) : publishOnce(testbed, one)),
    );
    const time = ({ seconds }) => seconds;
    const medianOf = ({ samples }) => spread(samples.map(time)).median;
    const samplesOf = (key) => measured.find((contender) => contender.key === key).samples;
    const best = measured.filter(({ isPeer }) => isPeer).sort((a, b) => medianOf(a) - medianOf(b))[0];
    const to = (samples) => ratios(samples, samplesOf("amqplib"), time);
    return {
      text: table(
        ["process", "ms", "of bare amqplib", "rounds"],
        measured.map(({ name, samples }) => [
          ...[name, shown(spread(samples.map(({ seconds }) => seconds * 1000)))],
          ...[shown(to(samples), 2), samples.length],
        ]),
      ),
      targets: [
        atMost("one task, start to exit: of bare amqplib", 1.25, to(samplesOf("ours")).median, {
          toBest: ratios(samplesOf("ours"), best.samples, time).median,
        }),
      ],
    };
  },
};
