import { type EngineEvent, stamp, type WorkQueueEvent } from "#dist/engine/events.js";
import { until } from "./deadline.js";

type Name = EngineEvent["event"];
type EventOf<N extends Name> = Extract<WorkQueueEvent, { event: N }>;

/** Collects events and lets a test wait for them. */
export class Recorder {
  readonly events: WorkQueueEvent[] = [];
  readonly #checks = new Set<() => void>();

  /** To be handed to the engine as `report`. */
  readonly report = stamp("test", (event) => this.add(event));

  add(event: WorkQueueEvent): void {
    this.events.push(event);
    for (const check of this.#checks) check();
  }

  all<N extends Name>(name: N): EventOf<N>[] {
    return this.events.filter((event): event is EventOf<N> => event.event === name);
  }

  /** Resolves when the condition holds, which is checked with every event; `what` is for the error when it never does. */
  until(what: string, condition: () => boolean): Promise<void> {
    const onChange = (check: () => void) => {
      this.#checks.add(check);
      return () => this.#checks.delete(check);
    };
    const latest = () => `The latest events: ${this.events.slice(-10).map(({ event }) => event)}.`;
    return until(what, condition, onChange, latest);
  }

  /** Resolves with the n-th event of that name, which may have come already. */
  async nth<N extends Name>(name: N, n: number): Promise<EventOf<N>> {
    let found: EventOf<N> | undefined;
    await this.until(`event ${n} named ${name}`, () => {
      found = this.all(name)[n - 1];
      return found !== undefined;
    });
    if (found === undefined) throw new Error(`There is no ${name}.`);
    return found;
  }

  first<N extends Name>(name: N): Promise<EventOf<N>> {
    return this.nth(name, 1);
  }
}
