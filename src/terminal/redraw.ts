import stringWidth from "string-width";
import { canRedraw, type Terminal } from "./terminal.js";

/** Which lines are left out where the terminal has fewer rows. */
type Keep = "first" | "last";

/**
 * Lines that are drawn again and again in the same place of a terminal; where stdout is none, one block after
 * another. The cursor stays below them and is never hidden, so nothing has to be restored.
 */
export class Redraw {
  /** Whether it is a terminal. */
  readonly enabled: boolean;
  readonly #terminal: Terminal;
  readonly #keep: Keep;
  /** What was drawn, directly above the cursor. */
  #drawn: readonly string[] = [];

  constructor(terminal: Terminal, keep: Keep) {
    this.#terminal = terminal;
    this.#keep = keep;
    this.enabled = canRedraw(terminal);
  }

  /** The widest a line may be: the last column is left free, where some terminals would wrap or wipe it. */
  get columns(): number {
    return this.enabled ? this.#terminal.stdout.columns - 1 : Number.POSITIVE_INFINITY;
  }

  /** The most lines drawn: the cursor is on the row below, and some terminals keep text wiped from their first row. */
  get rows(): number {
    const { rows } = this.#terminal.stdout;
    return this.enabled && rows > 2 ? rows - 2 : Number.POSITIVE_INFINITY;
  }

  draw(lines: readonly string[]): void {
    const { output } = this.#terminal;
    if (!this.enabled) {
      output.write(`${lines.join("\n")}\n\n`);
      return;
    }
    const shown = this.#fitting(lines);
    // Written over what is there, and in one go: wiping it first would flicker.
    output.write(`${this.#backToFirst()}${shown.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#drawn = shown;
  }

  /** Wipes what was drawn; other output may follow. */
  wipe(): void {
    if (this.enabled) this.#terminal.output.write(`${this.#backToFirst()}\x1b[J`);
    this.#drawn = [];
  }

  /** Clears the screen: a terminal whose size changes moves what is on it. */
  clear(): void {
    if (!this.enabled) return;
    this.#terminal.output.write("\x1b[H\x1b[2J");
    this.#drawn = [];
  }

  #fitting(lines: readonly string[]): readonly string[] {
    if (lines.length <= this.rows) return lines;
    return this.#keep === "first" ? [...lines.slice(0, this.rows - 1), "…"] : lines.slice(-this.rows);
  }

  #backToFirst(): string {
    const { columns } = this.#terminal.stdout;
    // A terminal that was made narrower has wrapped them.
    const rowsOf = (line: string) => Math.max(1, Math.ceil(stringWidth(line) / columns));
    const rows = this.#drawn.reduce((sum, line) => sum + rowsOf(line), 0);
    // To the first column as well: the terminal may have written ^C where the cursor was.
    return rows === 0 ? "" : `\x1b[${rows}F`;
  }
}
