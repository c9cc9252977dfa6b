/** Steps of a time axis, in s. */
const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];

/** The first step, in s, that leaves room for its labels. @param scale columns or pixels per second */
export const timeStep = (scale: number, room: number): number =>
  steps.find((seconds) => seconds * scale >= room) ?? Math.ceil(room / scale);
