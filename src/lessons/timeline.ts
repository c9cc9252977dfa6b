import type { WorkQueueEvent } from "../queue/events.js";
import type { Task } from "../queue/task.js";

/** One task in one worker's hands. Times are in seconds from the timeline's start. */
export interface Bar {
  task: Task;
  from: number;
  to: number;
  /** How it ended: done, given up (connection lost), handed back, or not by the end of the log. */
  end: "done" | "aborted" | "requeued" | "open";
  redelivered: boolean;
}

interface Lane {
  worker: string;
  bars: Bar[];
}

/** Who did what when: one lane per worker, in the order of their first task. */
export interface Timeline {
  lanes: Lane[];
  /** From the first task received to the last one ended, in s. */
  elapsed: number;
  /** Seconds of work done, added up over all workers. */
  worked: number;
}

/** How a task leaves a worker's hands. */
const ends = { "task-done": "done", "task-aborted": "aborted", "task-requeued": "requeued" } as const;

/** Makes a timeline of the events of one or more workers, in any order of speakers. */
export function buildTimeline(events: readonly WorkQueueEvent[]): Timeline {
  const inOrder = events.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  const lanes = new Map<string, Bar[]>();
  const open = new Map<string, Bar>();
  let start: number | undefined;
  let last = 0;
  for (const event of inOrder) {
    if (!("task" in event)) continue;
    const key = `${event.name}\n${event.task.id}`;
    start ??= event.event === "task-received" ? event.at.getTime() : undefined;
    const at = (event.at.getTime() - (start ?? 0)) / 1000;
    if (event.event === "task-received") {
      const { task, redelivered, name } = event;
      const bar: Bar = { task, from: at, to: at, end: "open", redelivered };
      open.set(key, bar);
      const bars = lanes.get(name);
      if (bars === undefined) lanes.set(name, [bar]);
      else bars.push(bar);
    } else if (event.event in ends) {
      const bar = open.get(key);
      if (bar === undefined) continue;
      bar.to = at;
      bar.end = ends[event.event as keyof typeof ends];
      open.delete(key);
      last = at;
    }
  }
  for (const bar of open.values()) bar.to = Math.max(last, bar.from);
  const done = [...lanes.values()].flat().filter(({ end }) => end === "done");
  return {
    lanes: [...lanes].map(([worker, bars]) => ({ worker, bars })),
    elapsed: last,
    worked: done.reduce((sum, { from, to }) => sum + to - from, 0),
  };
}
