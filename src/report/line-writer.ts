import type { ChalkInstance } from "chalk";
import type { Report } from "../engine/events.js";
import type { Terminal } from "../terminal/terminal.js";
import { eventLine, type Line } from "./event-line.js";

/** Tells a person what goes wrong with the connection, and what is done about it. */
export function connectionWarnings(terminal: Terminal): Report {
  const lines = new LineWriter(terminal);
  return (event) => lines.write(eventLine(event, lines.colors));
}

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
    this.#terminal.out.write(`${text}\n`);
  }

  err(text: string): void {
    this.#terminal.out.flush();
    this.#terminal.stderr.write(`${text}\n`);
  }
}
