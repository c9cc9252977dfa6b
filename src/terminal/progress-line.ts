import type { Ora } from "ora";
import { canRedraw, type Terminal } from "./terminal.js";

/**
 * The last line of a terminal, redrawn while something is going on and gone when it is over. Nothing at
 * all where stdout is no terminal. Other output may be written meanwhile: ora draws the line below it.
 */
export class ProgressLine {
  readonly #terminal: Terminal;
  /** Whether there is a terminal to draw it on. */
  readonly enabled: boolean;
  #spinner: Ora | undefined;
  #loading: Promise<void> | undefined;
  #fit = (text: string, _columns: number): string => text;
  #text: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.enabled = canRedraw(terminal);
  }

  /** Shows the text, cut to the terminal's width; undefined takes the line away. */
  show(text: string | undefined): void {
    if (!this.enabled) return;
    this.#text = text;
    if (this.#spinner !== undefined) this.#draw(this.#spinner);
    else if (text !== undefined) this.#loading ??= this.#load();
  }

  async #load(): Promise<void> {
    // Only now: most runs need neither.
    const [{ default: ora }, { fit }] = await Promise.all([import("ora"), import("../text/columns.js")]);
    this.#fit = fit;
    const { stdout, output, colors } = this.#terminal;
    output.flush(); // from here on ora writes too
    this.#spinner = ora({
      stream: stdout,
      isEnabled: true,
      color: colors.out.level > 0 ? "cyan" : false,
      hideCursor: false, // nothing could bring it back after a kill -9
      discardStdin: false, // it would take Ctrl-C away from the signal handler
    });
    this.#draw(this.#spinner);
  }

  #draw(spinner: Ora): void {
    if (this.#text === undefined) {
      if (spinner.isSpinning) spinner.stop();
    } else {
      // Two columns are the spinner's, and the last one is left free, where some terminals would wrap.
      spinner.text = this.#fit(this.#text, Math.max(this.#terminal.stdout.columns - 3, 1));
      if (!spinner.isSpinning) spinner.start();
    }
  }
}
