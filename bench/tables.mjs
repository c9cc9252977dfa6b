const bold = ([name, ...numbers]) => [name.startsWith("ours") ? `**${name}**` : name, ...numbers];

/** A Markdown table: its first column is text, and ours in bold; the others are numbers. */
export function table(header, rows) {
  const lines = [header, header.map((_, at) => (at === 0 ? "---" : "---:")), ...rows.map(bold)];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const round = (number, digits) =>
  number.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A median, or a dash where nothing was measured. */
const middle = (spread, digits = 0) => (spread === null ? "–" : round(spread.median, digits));

/** A median with its least and greatest. */
export const shown = (spread, digits = 0) =>
  spread === null
    ? "–"
    : `${middle(spread, digits)} (${round(spread.min, digits)}–${round(spread.max, digits)})`;

/** What `compare` found, as a table. */
export function rateTable(compared) {
  const header = [
    ...[
      "client",
      "tasks/s",
      "of bare amqplib",
      "of the limit",
      `of the best peer: ${compared[0].toBest.peer}`,
    ],
    ...["its µs of CPU per task", "the broker's", "peak MB", "tasks × rounds"],
  ];
  const rows = compared.map(({ name, count, rounds, rate, clientCpu, brokerCpu, peak, ...to }) => [
    ...[name, shown(rate), shown(to.toAmqplib, 2), middle(to.toLimit, 2), middle(to.toBest, 2)],
    ...[
      middle(clientCpu, 1),
      middle(brokerCpu, 1),
      middle(peak),
      `${count.toLocaleString("en-US")} × ${rounds}`,
    ],
  ]);
  return table(header, rows);
}

/**
 * A target: what it is, the bound, what was measured, and on which side it should be. `beside`: ratios of the same run
 * to the limit and to the best peer.
 */
export const atLeast = (what, bound, measured, beside) => ({ what, is: "≥", bound, measured, ...beside });
export const atMost = (what, bound, measured, beside) => ({ what, is: "≤", bound, measured, ...beside });

/** The target of ours for a rate, as a ratio to bare amqplib. */
export function rateTarget(what, bound, compared) {
  const { toAmqplib, toLimit, toBest } = compared.find(({ key }) => key === "ours");
  const beside = { toLimit: toLimit.median, toBest: toBest.median };
  return atLeast(`${what}: of bare amqplib`, bound, toAmqplib.median, beside);
}

/** What a target came to. */
export function outcome({ is, bound, measured }) {
  const isMet = is === "≥" ? measured >= bound : measured <= bound;
  return `${measured.toFixed(measured < 10 ? 3 : 1)} ${isMet ? "met" : "**missed**"}`;
}

/** The targets of one run. */
export function targetTable(targets) {
  const ratio = (number) => number?.toFixed(2) ?? "–";
  return table(
    ["target", "bound", "measured", "of the limit", "of the best peer"],
    targets.map((target) => [
      ...[target.what, `${target.is} ${target.bound}`, outcome(target)],
      ...[ratio(target.toLimit), ratio(target.toBest)],
    ]),
  );
}

/** The targets with a column for each version that was measured, by `[version, targets]`. */
export function targetsByVersion(versions) {
  const all = new Map(versions.flatMap(([, targets]) => targets.map((target) => [target.what, target])));
  const cell = (targets, what) => {
    const target = targets.find((one) => one.what === what);
    return target === undefined ? "–" : outcome(target);
  };
  return table(
    ["target", "bound", ...versions.map(([version]) => `RabbitMQ ${version}`)],
    [...all.values()].map(({ what, is, bound }) => [
      ...[what, `${is} ${bound}`],
      ...versions.map(([, targets]) => cell(targets, what)),
    ]),
  );
}
