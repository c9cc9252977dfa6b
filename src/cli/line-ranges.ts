/** Ranges shown before the rest is only counted. */
const SHOWN = 10;

/** Lines of a file, in ascending order, kept as ranges. */
export class LineRanges {
  readonly #ranges: { from: number; to: number }[] = [];

  add(line: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && line === last.to + 1) last.to = line;
    else this.#ranges.push({ from: line, to: line });
  }

  /** `3, 12 to 200`; empty where there are none. */
  toString(): string {
    const shown = this.#ranges
      .slice(0, SHOWN)
      .map(({ from, to }) => (from === to ? number(from) : `${number(from)} to ${number(to)}`));
    const more = this.#ranges.length - shown.length;
    return (
      shown.join(", ") +
      (more > 0 ? ` and ${number(more)} more places up to ${number(this.#ranges.at(-1)?.to ?? 0)}` : "")
    );
  }
}

const number = (line: number): string => line.toLocaleString("en-US");
