/** The events in the output of a command with --json. */
export const eventsIn = (text) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** From the first task received to the last one done, in seconds, and what each of them took. */
export function workSpan(events) {
  const begun = new Map();
  const took = [];
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const { event, task, at } of events) {
    const ms = Date.parse(at);
    if (event === "task-received") {
      begun.set(task.id, ms);
      first = Math.min(first, ms);
    } else if (event === "task-done") {
      took.push((ms - begun.get(task.id)) / 1000);
      last = Math.max(last, ms);
    }
  }
  return { elapsed: (last - first) / 1000, took };
}
