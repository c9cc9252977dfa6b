import { printable } from "./printable.js";

/** A text as one word of a shell's command line, to be copied: it is that text again, and safe for a terminal. */
export function shellWord(text: string): string {
  if (/^[\w./:@%+-]+$/.test(text)) return text;
  const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  if (isPrintable(text)) return quoted(text);
  // Characters that a terminal acts on go by their bytes, in a form of bash, zsh and ksh (bash(1), QUOTING).
  const bytes = (character: string) => Buffer.from(character).toString("hex").replace(/../g, "\\x$&");
  const words = Array.from(text, (one) => (isPrintable(one) ? one.replace(/['\\]/, "\\$&") : bytes(one)));
  return `$'${words.join("")}'`;
}

const isPrintable = (text: string): boolean => printable(text, Number.POSITIVE_INFINITY) === text;
