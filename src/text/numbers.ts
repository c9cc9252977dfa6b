/** `1 task`, `12,345 tasks`. Not by toLocaleString: its first call takes 10 ms, a tenth of a small command's time. */
export function count(number: number, noun: string): string {
  const grouped = String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped} ${noun}${number === 1 ? "" : "s"}`;
}

/** `2.0 s`. */
export const inSeconds = (seconds: number): string => `${seconds.toFixed(1)} s`;

const units = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A duration in ms as options read it, in the largest unit of which it is a whole number: `250ms`, `5s`, `90s`, `2m`. */
export function durationText(ms: number): string {
  const [unit, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}
