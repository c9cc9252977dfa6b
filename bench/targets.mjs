/** A target is a row of the first table: what it is, the bound, what was measured, and on which side it should be. */
export const atLeast = (what, bound, measured) => ({ what, bound, measured, is: "at least" });
export const atMost = (what, bound, measured) => ({ what, bound, measured, is: "at most" });

export const isMet = ({ bound, measured, is }) => (is === "at least" ? measured >= bound : measured <= bound);
