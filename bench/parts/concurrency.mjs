import { eventsIn, workSpan } from "../events.mjs";
import { inRounds, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { rateTable, shown, table } from "../tables.mjs";
import { atLeast, atMost } from "../targets.mjs";
import { compare, contender, drainOnce, limitKey, line, publishTo } from "../work.mjs";

const { tasks, charted, dots } = sizes.concurrency;

/** Many tasks at a time in one process. */
export const concurrency = {
  title: "Drain a queue, 100 tasks at a time in one process",
  async run(stage, clients) {
    const limit = limitKey(clients);
    const measured = await inRounds(
      [
        ...[limit, "ours", "amqplib", "rabbitmqClient", "cloudamqp"].map((key) =>
          contender(clients, key, { count: tasks, prefetch: 100 }),
        ),
        ...charted.map(([prefetch, count]) =>
          contender(clients, "ours", {
            key: `ours-${prefetch}`,
            name: `ours, ${prefetch.toLocaleString("en-US")} at a time`,
            ...{ prefetch, count, rounds: sizes.rounds.peers },
          }),
        ),
      ],
      (one) => drainOnce(stage, clients, one),
    );
    const compared = compare(measured, limit);
    const ours = compared.find(({ key }) => key === "ours");
    const onTime = await dotsOnTime(stage, clients);
    return {
      text: `${rateTable(compared, clients[limit].name)}\n\n${onTime.text}`,
      targets: [
        atLeast(`100 tasks at a time: of the ${clients[limit].name}`, 0.6, ours.ratio.median),
        onTime.target,
      ],
      figures: compared,
    };
  },
};

/** As many tasks of one dot at a time as there are: is each dot the second it should be? */
async function dotsOnTime(stage, clients) {
  const file = stage.file(dots, (number) => `${line(number)}.`);
  const { spans, sample } = await stage.withQueue("classic", async (queue) => {
    await publishTo(stage, queue, contender(clients, "ours", { count: dots, file }));
    const worker = clients.ours.consume({ queue, count: dots, prefetch: dots });
    const sample = await stage.run([...worker, "--dot", "1s", "--json"]);
    await stage.expect(queue, 0, "ours");
    return { spans: workSpan(eventsIn(sample.said)), sample };
  });
  const took = spread(spans.took);
  const many = dots.toLocaleString("en-US");
  if (spans.took.length !== dots) throw new Error(`ours did ${spans.took.length} tasks of ${many}.`);
  return {
    text: table(
      [`${many} tasks of one dot, all at a time`, "seconds"],
      [
        ["a task, from received to done", shown(took, 3)],
        ["from the first received to the last done", spans.elapsed.toFixed(2)],
        ["the process, start to exit", sample.seconds.toFixed(2)],
      ],
    ),
    target: atMost(`${many} tasks of one dot (1 s) at a time: seconds of the slowest`, 1.2, took.max),
  };
}
