import type { Bar, Timeline } from "./timeline.js";

/** The marks for a bar's beginning and end, each one column wide in a terminal, and what they mean. */
export const beginMarks: Record<Bar["begin"], { mark: string; means: string }> = {
  received: { mark: "├", means: "received" },
  redelivered: { mark: "↻", means: "received again (redelivered)" },
  lost: { mark: "†", means: "lost" },
  down: { mark: "✗", means: "killed" },
  sending: { mark: "├", means: "sent" },
};

export const endMarks: Record<Bar["end"], { mark: string; means: string }> = {
  done: { mark: "┤", means: "done" },
  aborted: { mark: "!", means: "given up (connection lost)" },
  requeued: { mark: "↶", means: "requeued" },
  killed: { mark: "✗", means: "killed" },
  lost: { mark: "†", means: "lost" },
  back: { mark: "↑", means: "back" },
  open: { mark: "▸", means: "not ended" },
};

/** The marks that occur in these timelines, each once, in the order above. */
export function legend(timelines: readonly Timeline[]): { mark: string; means: string }[] {
  const bars = timelines.flatMap(({ lanes }) => lanes.flatMap(({ bars }) => bars));
  const begins = new Set(bars.map(({ begin }) => begin));
  const ends = new Set(bars.map(({ end }) => end));
  const marks = [
    ...Object.entries(beginMarks).filter(([begin]) => begins.has(begin as Bar["begin"])),
    ...Object.entries(endMarks).filter(([end]) => ends.has(end as Bar["end"])),
  ].map(([, mark]) => mark);
  return [...new Map(marks.map((mark) => [mark.mark + mark.means, mark])).values()];
}
