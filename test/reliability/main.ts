import { availableParallelism } from "node:os";
import type { PrivateBroker } from "#dist/broker/private-broker.js";
import { OwnScope } from "../support/scope.js";
import { faults } from "./faults.js";
import { measure } from "./measure.js";
import { pairs } from "./pairs.js";
import { serverVersion } from "./queue-looks.js";
import { markdownRow, markdownTable } from "./table.js";

/** The whole measurement, as `npm run reliability` plays it. */
export class Reliability {
  readonly #scope = new OwnScope();
  readonly #broker: PrivateBroker;

  constructor(broker: PrivateBroker) {
    this.#broker = broker;
  }

  /**
   * Measures, and returns the table.
   * @param parts pairs by their key and faults by their number; none of a kind: all of them
   */
  async run(parts: string[]): Promise<string> {
    const chosen = <T>(all: T[], name: (one: T) => string): T[] => {
      const some = all.filter((one) => parts.includes(name(one)));
      return some.length > 0 ? some : all;
    };
    const somePairs = chosen(pairs, ({ key }) => key);
    const someFaults = chosen(faults, ({ number }) => String(number));
    const rows = await measure(this.#scope, this.#broker, someFaults, somePairs, (row) =>
      process.stderr.write(`${markdownRow(row)}\n`),
    );
    const versions = [
      `RabbitMQ ${await serverVersion(this.#broker.url)}, ${availableParallelism()} processors`,
      ...somePairs.map(({ title, madeWith, missing }) => `${title}: ${missing || madeWith()}`),
    ].join("; ");
    return `${markdownTable(rows)}\n\nMeasured with ${versions}.`;
  }

  /** Ends every program that still runs. */
  async end(): Promise<void> {
    await this.#scope.end();
  }
}
