import { inRounds } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { rateTable } from "../tables.mjs";
import { atLeast } from "../targets.mjs";
import { compare, contender, limitKey, line, publishOnce } from "../work.mjs";

/** Publishes the lines of a file to a queue of this type, persistent and confirmed. */
export const publishPart = (type) => ({
  title: `Publish a file, ${type} queue`,
  async run(stage, clients) {
    const { lines, slow } = sizes.publish;
    const of = (count) => ({ type, count, file: stage.file(count, line) });
    const all = of(lines);
    const limit = limitKey(clients);
    const measured = await inRounds(
      [
        contender(clients, "limit", all),
        contender(clients, "raw", all),
        contender(clients, "ours", all),
        ...[100, 256, 1000, 4096, 0].map((window) =>
          contender(clients, "amqplib", {
            ...all,
            window,
            name: `amqplib, ${window === 0 ? "no limit" : window.toLocaleString("en-US")} in flight`,
          }),
        ),
        contender(clients, "rabbitmqClient", all),
        contender(clients, "cloudamqp", all),
        contender(clients, "connectionManager", all),
        contender(clients, "pika", of(slow)),
      ],
      (one) => publishOnce(stage, one),
    );
    const compared = compare(measured, limit);
    const ours = compared.find(({ key }) => key === "ours");
    return {
      text: rateTable(compared, clients[limit].name),
      targets: [
        atLeast(
          `publish ${lines.toLocaleString("en-US")} lines, ${type} queue: of the ${clients[limit].name}`,
          0.92,
          ours.ratio.median,
        ),
      ],
      figures: compared,
    };
  },
});
