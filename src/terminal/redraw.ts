import stringWidth from "string-width";
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

/** How often they are drawn anew, in ms. */
const EVERY_MS = 200;

/** The last lines of a terminal, drawn anew in their place a few times a second, and gone when it is over. */
export class LiveLines {
  readonly #terminal: Terminal;
  readonly #frame: () => string[];
  #timer: NodeJS.Timeout | undefined;
  #drawn: string[] = [];

  /** @param frame what to show now; as many of its last lines are shown as the terminal has room for */
  constructor(terminal: Terminal, frame: () => string[]) {
    this.#terminal = terminal;
    this.#frame = frame;
  }

  /** Begins to draw. False where nothing can be drawn: no terminal. */
  start(): boolean {
    if (!canRedraw(this.#terminal)) return false;
    this.#timer ??= setInterval(() => this.#draw(), EVERY_MS).unref();
    this.#draw();
    return true;
  }

  /** Wipes what was drawn; other output may follow. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#terminal.stdout.write(`${this.#backToFirst()}\x1b[J`);
    this.#drawn = [];
  }

  #draw(): void {
    const { stdout } = this.#terminal;
    // Not up to the first row: some terminals keep what is wiped from there for scrolling back.
    const lines = this.#frame().slice(2 - (stdout.rows || 24));
    // One write, and each line is wiped only behind its new text: nothing flickers.
    stdout.write(`${this.#backToFirst()}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#drawn = lines;
  }

  #backToFirst(): string {
    const { columns } = this.#terminal.stdout;
    // A terminal that was made narrower has wrapped them.
    const rows = this.#drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)),
      0,
    );
    // The terminal may have written ^C where the cursor was.
    return rows === 0 ? "" : `\r\x1b[${rows}A`;
  }
}
