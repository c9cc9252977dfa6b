import stringWidth from "string-width";

/** Cuts a text to a number of terminal columns, with "…" at the end; CJK and emoji take two columns. */
export function fit(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let cut = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(cut + segment) > columns - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

/** As `fit`, but cut in the middle, because names often differ only at their end. */
export function fitMiddle(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  const start = fit(text, Math.ceil(columns / 2));
  let end = "";
  for (const { segment } of [...new Intl.Segmenter().segment(text)].reverse()) {
    if (stringWidth(start + segment + end) > columns) break;
    end = segment + end;
  }
  return start + end;
}

/** Pads a text with spaces to a number of columns. */
export const pad = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(columns - stringWidth(text), 0));

/** Breaks a text between words into lines of at most `columns`; a longer word is cut. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && stringWidth(longer) > columns) {
      lines.push(line);
      line = fit(word, columns);
    } else line = fit(longer, columns);
  }
  return [...lines, line];
}
