const bold = ([name, ...numbers]) => [name.startsWith("ours") ? `**${name}**` : name, ...numbers];

/** A Markdown table: its first column is text, and ours in bold; the others are numbers. */
export function table(header, rows) {
  const lines = [header, header.map((_, at) => (at === 0 ? "---" : "---:")), ...rows.map(bold)];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const round = (number, digits) =>
  number.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A median with its least and greatest, or a dash where nothing was measured. */
export function shown(spread, digits = 0) {
  if (spread === null) return "–";
  const { median, min, max } = spread;
  return `${round(median, digits)} (${round(min, digits)}–${round(max, digits)})`;
}

const middle = (spread, digits = 0) => (spread === null ? "–" : round(spread.median, digits));

/** What `compare` found, as a table. */
export function rateTable(compared, limitName) {
  const header = [
    "client",
    "tasks/s",
    `of the ${limitName}`,
    "its µs of CPU per task",
    "the broker's",
    "peak MB",
    "tasks × rounds",
  ];
  return table(
    header,
    compared.map(({ name, skip, count, rounds, rate, ratio, clientCpu, brokerCpu, peak }) =>
      skip
        ? [`${name}: left out, ${skip}`, "", "", "", "", "", ""]
        : [
            name,
            shown(rate),
            shown(ratio, 2),
            middle(clientCpu, 1),
            middle(brokerCpu, 1),
            middle(peak),
            `${count.toLocaleString("en-US")} × ${rounds}`,
          ],
    ),
  );
}
