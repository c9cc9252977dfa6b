import { printable } from "./printable.js";

/** A text as one word of a shell's command line, to be copied. */
export function shellWord(text: string): string {
  const shown = printable(text, 300);
  return /^[\w./:@%+-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
