import type { ChalkInstance } from "chalk";
import type { Line } from "./event-line.js";
import type { Terminal } from "./terminal.js";

/** Writes lines for a person to stdout and stderr. */
export class LineWriter {
  readonly colors: { out: ChalkInstance; err: ChalkInstance };
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.colors = { out: terminal.outColors, err: terminal.errColors };
  }

  write(line: Line | undefined): void {
    if (line !== undefined) this[line.to](line.text);
  }

  out(text: string): void {
    this.#terminal.stdout.write(`${text}\n`);
  }

  err(text: string): void {
    this.#terminal.stderr.write(`${text}\n`);
  }
}
