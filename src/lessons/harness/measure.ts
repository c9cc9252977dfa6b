import type { Task } from "../../engine/task.js";
import { printableBody } from "../../text/printable.js";
import { buildTimeline } from "../../timeline/timeline.js";
import type { TimelineEvent } from "../../timeline/timeline-event.js";

type Name = TimelineEvent["event"];
type EventOf<N extends Name> = Extract<TimelineEvent, { event: N }>;

/** The events of one kind. */
export function all<N extends Name>(events: readonly TimelineEvent[], name: N): EventOf<N>[] {
  return events.filter((event): event is EventOf<N> => event.event === name);
}

/** Returns a function that counts the events of one kind; it checks each event once, however often it is called. */
export function counter(events: readonly TimelineEvent[], name: Name): () => number {
  let [checked, found] = [0, 0];
  return () => {
    for (; checked < events.length; checked++) if (events[checked]?.event === name) found++;
    return found;
  };
}

/** Whether every confirmed task is done. @param tasks how many must have been confirmed at least; default: 0 */
export function allDone(events: readonly TimelineEvent[], tasks = 0): boolean {
  const done = new Set(all(events, "task-done").map(({ task }) => task.id));
  const confirmed = all(events, "task-confirmed");
  return confirmed.length >= tasks && confirmed.every(({ task }) => done.has(task.id));
}

/** The confirmed tasks that no worker has done. */
export function notDone(events: readonly TimelineEvent[]): Task[] {
  const done = new Set(all(events, "task-done").map(({ task }) => task.id));
  return all(events, "task-confirmed")
    .map(({ task }) => task)
    .filter(({ id }) => !done.has(id));
}

/** Whether a worker has a task. */
export const anyInHand = (events: readonly TimelineEvent[]): boolean =>
  buildTimeline(events).lanes.some(({ bars }) => bars.some(({ end }) => end === "open"));

/** From the first task received to the last one done, in s. */
export const elapsed = (events: readonly TimelineEvent[]): number => buildTimeline(events).elapsed;

/** `2 of 6 tasks`. */
export const of = (part: number, whole: number, noun: string): string =>
  `${part.toLocaleString("en-US")} of ${whole.toLocaleString("en-US")} ${noun}`;

/** A task's body, printable. */
export const textOf = ({ body }: Task): string => printableBody(body);

/** The most names in a list. */
const MOST_NAMES = 8;

/** `'one', 'two', and 3 more`; `none`. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => `'${name}'`);
  const more = names.length - shown.length;
  return `${shown.join(", ") || "none"}${more > 0 ? `, and ${more} more` : ""}`;
}
