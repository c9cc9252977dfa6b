import module from "node:module";
import { inRounds, ratios, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { shown, table } from "../tables.mjs";
import { atMost } from "../targets.mjs";
import { contender, line, publishOnce } from "../work.mjs";

const clientKeys = [
  ...["limit", "node", "raw", "oursWithOneTask", "amqplib", "amqplibNagle", "rabbitmqClient", "cloudamqp"],
  ...["tutorialJavaScript", "oursHelp"],
];

/** One task published, and the help text: from the start of the process to its exit. */
export const start = {
  title: "One task, start to exit",
  async run(stage, clients) {
    const { rounds } = sizes.start;
    const one = { count: 1, file: stage.file(1, line), rounds };
    const measured = await inRounds(
      [
        ...clientKeys.map((key) => contender(clients, key, one)),
        contender(clients, "amqpTools", { ...one, name: "amqp-publish (no confirm)" }),
      ],
      (who) => (who.commands.alone ? stage.run(who.commands.alone) : publishOnce(stage, who)),
    );
    const samplesOf = (key) => measured.find((who) => who.key === key).samples;
    const to = (samples, key) => ratios(samples, samplesOf(key), ({ seconds }) => seconds);
    const rows = measured.map(({ name, skip, samples }) =>
      skip
        ? [`${name}: left out, ${skip}`, "", "", ""]
        : [
            name,
            shown(spread(samples.map(({ seconds }) => seconds * 1000))),
            shown(to(samples, "raw"), 2),
            shown(to(samples, "node"), 2),
          ],
    );
    // A program that Node keeps compiled starts sooner.
    const bound = module.enableCompileCache === undefined ? 1.25 : 1.15;
    return {
      text: `${table(["process", "ms", "of the raw Node socket", "of node -e 0"], rows)}\n\n${rounds} rounds.`,
      targets: [
        atMost(
          "one task, start to exit: of the raw Node socket",
          bound,
          to(samplesOf("oursWithOneTask"), "raw").median,
        ),
        atMost("`--help`: of node -e 0", 1.3, to(samplesOf("oursHelp"), "node").median),
      ],
    };
  },
};
