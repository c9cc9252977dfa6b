import type { Bar, Lane } from "./timeline.js";

/**
 * The bars of a lane in rows: bars at the same time get rows of their own, those of waiting tasks below the others.
 * @param most rows; the last one has what is left over
 */
export function rowsOf({ bars }: Lane, most = Number.POSITIVE_INFINITY): Bar[][] {
  const rows: Bar[][] = [];
  const isWaiting = ({ begin }: Bar) => Number(begin === "waiting");
  for (const bar of bars.toSorted((a, b) => isWaiting(a) - isWaiting(b) || a.from - b.from)) {
    const free = rows.find((row) => (row.at(-1)?.to ?? 0) <= bar.from + 0.001);
    const row = free ?? (rows.length < most ? [] : rows.at(-1)) ?? [];
    if (!rows.includes(row)) rows.push(row);
    row.push(bar);
  }
  return rows.length === 0 ? [[]] : rows;
}
