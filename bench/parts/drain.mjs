import { inRounds } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { rateTable } from "../tables.mjs";
import { atLeast } from "../targets.mjs";
import { compare, contender, drainOnce, limitKey } from "../work.mjs";

/** One worker takes tasks without dots, one at a time, and acknowledges each. */
export const drain = {
  title: "Drain a queue, one worker, one task at a time",
  async run(stage, clients) {
    const all = { count: sizes.drain.tasks, prefetch: 1 };
    const some = { count: sizes.drain.slow, prefetch: 1 };
    const limit = limitKey(clients);
    const measured = await inRounds(
      [
        ...["limit", "raw", "ours", "amqplib", "amqplibNagle", "rabbitmqClient", "cloudamqp"].map((key) =>
          contender(clients, key, all),
        ),
        ...["pika", "tutorialJavaScript", "tutorialPython"].map((key) => contender(clients, key, some)),
        contender(clients, "amqpTools", { ...some, name: "amqp-consume" }),
      ],
      (one) => drainOnce(stage, clients, one),
    );
    const toRaw = compare(measured, "raw").find(({ key }) => key === "ours").ratio.median;
    const compared = compare(measured, limit);
    return {
      text: rateTable(compared, clients[limit].name),
      targets: [atLeast("drain one at a time: of the raw Node socket", 0.97, toRaw)],
      figures: compared,
    };
  },
};
