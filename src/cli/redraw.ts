import { canRedraw, type Terminal } from "./terminal.js";

/**
 * Lines that are drawn again and again in the same place of a terminal; where stdout is none, one block after
 * another. The cursor stays below them and is never hidden, so nothing has to be restored.
 */
export class Redraw {
  /** Whether it is a terminal. */
  readonly enabled: boolean;
  readonly #terminal: Terminal;
  /** Rows of the terminal that were drawn, directly above the cursor. */
  #rows = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.enabled = canRedraw(terminal);
  }

  /** The widest a line may be: the last column is left free, where some terminals would wrap or wipe it. */
  get columns(): number {
    return this.enabled ? this.#terminal.stdout.columns - 1 : Number.POSITIVE_INFINITY;
  }

  /** The most lines that stay: the cursor is on the row below them. */
  get rows(): number {
    const { rows } = this.#terminal.stdout;
    return this.enabled && rows > 2 ? rows - 1 : Number.POSITIVE_INFINITY;
  }

  draw(lines: readonly string[]): void {
    const { stdout } = this.#terminal;
    if (!this.enabled) {
      stdout.write(`${lines.join("\n")}\n\n`);
      return;
    }
    const shown = lines.length <= this.rows ? lines : [...lines.slice(0, this.rows - 1), "…"];
    // Written over what is there, and in one go: wiping it first would flicker.
    const up = this.#rows > 0 ? `\x1b[${this.#rows}F` : "";
    stdout.write(`${up}${shown.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#rows = shown.length;
  }

  /** Begins anew on an empty screen: a terminal whose size changes moves what is on it. */
  clear(): void {
    if (!this.enabled) return;
    this.#terminal.stdout.write("\x1b[H\x1b[2J");
    this.#rows = 0;
  }
}
