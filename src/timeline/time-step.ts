/** Steps that a time axis may have, in s. */
const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];

/**
 * The smallest step, in s, that leaves room for its labels.
 * @param scale columns or pixels per second
 * @param room of a label, in the same unit
 */
export const timeStep = (scale: number, room: number): number =>
  steps.find((seconds) => seconds * scale >= room) ?? Math.ceil(room / scale);
