/** A target is a row of the first table: what, the bound, what was measured (null: it could not be), and which is better. */
export const atLeast = (what, bound, measured) => ({ what, bound, measured, is: "at least" });
export const atMost = (what, bound, measured) => ({ what, bound, measured, is: "at most" });

export function isMet({ bound, measured, is }) {
  if (measured === null) return undefined;
  return is === "at least" ? measured >= bound : measured <= bound;
}
