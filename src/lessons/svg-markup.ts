const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text for an SVG. What XML 1.0 cannot hold at all (section 2.2), printable text can: U+FFFE and U+FFFF. */
export const markup = (text: string): string =>
  text.replace(/[&<>"]/g, (one) => entities[one] ?? one).replace(/[\ufffe\uffff]/g, "\ufffd");

/** A number with one decimal at most. */
export const round = (number: number): number => Number(number.toFixed(1));
