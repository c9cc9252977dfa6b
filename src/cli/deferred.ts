import type { WorkQueueEvent } from "../queue/events.js";

/** Those of which there may be thousands a second. */
const frequent: ReadonlySet<string> = new Set(["task-sent", "task-confirmed", "task-received", "task-done"]);

/** When what waits is passed on. */
export type Later = (flush: () => void) => void;

/** For programs: once the acks and publishes of this turn are out, which amqplib writes in the next setImmediate. */
export const afterTheTurn: Later = (flush) => setImmediate(() => setImmediate(flush));

/** For people, who do not see a hundredth of a second: that saves most of the writes of a busy worker. */
export const inAMoment: Later = (flush) => setTimeout(flush, 10);

/**
 * Passes events on in their order, the frequent ones a little later and several at a time: a line costs a good
 * part of the time that a small task takes to the broker and back.
 * @param exiting listens for the end of the process, before which everything is passed on
 */
export function deferred(
  listener: (events: readonly WorkQueueEvent[]) => void,
  later: Later,
  exiting: { once(event: "exit", flush: () => void): unknown },
): (event: WorkQueueEvent) => void {
  let waiting: WorkQueueEvent[] = [];
  let scheduled = false;
  const flush = () => {
    const events = waiting;
    waiting = [];
    if (events.length > 0) listener(events);
  };
  exiting.once("exit", flush);
  return (event) => {
    waiting.push(event);
    if (!frequent.has(event.event)) flush();
    else if (!scheduled) {
      scheduled = true;
      later(() => {
        scheduled = false;
        flush();
      });
    }
  };
}
