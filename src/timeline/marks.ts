import type { Bar, Timeline } from "./timeline.js";

/** How a bar begins or ends: the same mark and the same words in a terminal, in a picture and in their legends. */
export interface Mark {
  /** One column of a terminal. */
  mark: string;
  /** The same as a path around 0,0, because not every font has the character; none: a picture shows the bar's edge. */
  icon?: string;
  means: string;
  /** What it means behind a number, as in `2 given up`; default: `means`. */
  counted?: string;
  /** Drawn in the colour of what went wrong for good. */
  isBad?: boolean;
}

const killed: Mark = { mark: "✗", icon: "M-3.5-3.5 3.5 3.5M3.5-3.5-3.5 3.5", means: "killed", isBad: true };

const between: Mark = { mark: "╌", icon: "M-5 0H5", means: "waiting for its next attempt" };

export const begins: Record<Bar["begin"], Mark> = {
  received: { mark: "├", means: "received" },
  redelivered: {
    mark: "↻",
    icon: "M3.4-2.9A4.4 4.4 0 1 0 4.4 .8M3.9-5.6V-2.5H.8",
    means: "received again (redelivered)",
    counted: "redelivered",
  },
  waiting: { mark: "┄", means: "waited, not begun" },
  sending: { mark: "├", means: "sent" },
  down: killed,
  between,
};

export const ends: Record<Bar["end"], Mark> = {
  done: { mark: "┤", means: "done" },
  failed: { mark: "↯", icon: "M1.5-4.5-2.5 .7H2.5L-1.5 4.7", means: "failed" },
  dead: {
    mark: "■",
    icon: "M-3-3H3V3H-3Z",
    means: "failed, a dead letter now",
    counted: "dead",
    isBad: true,
  },
  presumed: {
    mark: "┊",
    icon: "M-5 0H-3.6M-.7 0H.7M3.6 0H5",
    means: "done by then (not seen)",
    counted: "done by then",
  },
  aborted: {
    mark: "!",
    icon: "M0-4.5V1M0 4V4.2",
    means: "given up (connection lost)",
    counted: "given up",
  },
  requeued: { mark: "↶", icon: "M4.5 0H-4M-1-3.2-4.2 0-1 3.2", means: "requeued" },
  killed,
  lost: { mark: "†", icon: "M0-5V5M-3-2H3", means: "lost", isBad: true },
  back: { mark: "↑", icon: "M0 4.5V-4M-3.2-1 0-4.2 3.2-1", means: "back", counted: "down and back" },
  open: { mark: "▸", icon: "M-2-3.5 2 0-2 3.5", means: "not ended" },
  between,
};

/** The marks that occur in these timelines, each once, in the order above. */
export function legend(timelines: readonly Timeline[]): Mark[] {
  const bars = timelines.flatMap(({ lanes }) => lanes.flatMap(({ bars }) => bars));
  const used = new Set(bars.flatMap(({ begin, end }) => [begins[begin], ends[end]]));
  return [...new Set([...Object.values(begins), ...Object.values(ends)])].filter((mark) => used.has(mark));
}

/** How the bars of a lane ended, in the order in which that occurs: `3 done, 1 killed`. */
export function countEnds(bars: readonly Bar[]): string {
  const numbers = new Map<Mark, number>();
  const add = (mark: Mark) => numbers.set(mark, (numbers.get(mark) ?? 0) + 1);
  for (const { begin, end } of bars) {
    if (begin === "between") continue;
    add(ends[end]);
    if (begin === "redelivered") add(begins[begin]);
  }
  const counts = [...numbers].map(
    ([{ means, counted = means }, number]) => `${number.toLocaleString("en-US")} ${counted}`,
  );
  return counts.join(", ");
}
