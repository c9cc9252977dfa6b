import module from "node:module";
import { inRounds, ratios, spread } from "../rounds.mjs";
import { sizes } from "../sizes.mjs";
import { shown, table } from "../tables.mjs";
import { atMost } from "../targets.mjs";
import { contender, line, publishOnce } from "../work.mjs";

const { rounds, peerRounds } = sizes.start;
const own = ["limit", "node", "raw", "oursWithOneTask", "oursHelp"];
const peers = ["amqplib", "amqplibNagle", "rabbitmqClient", "cloudamqp", "tutorialJavaScript"];

/** One task published, and the help text: from the start of the process to its exit. */
export const start = {
  title: "One task, start to exit",
  async run(stage, clients) {
    const one = { count: 1, file: stage.file(1, line) };
    const peer = { ...one, rounds: peerRounds };
    const measured = await inRounds(
      [
        ...own.map((key) => contender(clients, key, { ...one, rounds })),
        ...peers.map((key) => contender(clients, key, peer)),
        contender(clients, "amqpTools", { ...peer, name: "amqp-publish (no confirm)" }),
      ],
      (who) => (who.commands.alone ? stage.run(who.commands.alone) : publishOnce(stage, who)),
    );
    const samplesOf = (key) => measured.find((who) => who.key === key).samples;
    const against = (samples, key) => ratios(samples, samplesOf(key), ({ seconds }) => seconds);
    const rows = measured.map(({ name, skip, samples }) =>
      skip
        ? [`${name}: left out, ${skip}`, "", "", "", ""]
        : [
            name,
            shown(spread(samples.map(({ seconds }) => seconds * 1000))),
            shown(against(samples, "raw"), 2),
            shown(against(samples, "node"), 2),
            samples.length,
          ],
    );
    // A program that Node can keep compiled starts sooner.
    const bound = module.enableCompileCache === undefined ? 1.25 : 1.15;
    const toRaw = against(samplesOf("oursWithOneTask"), "raw").median;
    const toNode = against(samplesOf("oursHelp"), "node").median;
    return {
      text: table(["process", "ms", "of the raw Node socket", "of node -e 0", "rounds"], rows),
      targets: [
        atMost("one task, start to exit: of the raw Node socket", bound, toRaw),
        atMost("`--help`: of node -e 0", 1.3, toNode),
      ],
    };
  },
};
