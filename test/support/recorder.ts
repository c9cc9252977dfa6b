import { type EngineEvent, stamp, type WorkQueueEvent } from "#dist/engine/events.js";

type Name = EngineEvent["event"];
type EventOf<N extends Name> = Extract<WorkQueueEvent, { event: N }>;

/** Collects events and lets a test wait for them. */
export class Recorder {
  readonly events: WorkQueueEvent[] = [];
  readonly #waiting = new Set<() => void>();

  /** To be handed to the engine as `report`. */
  readonly report = stamp("test", (event) => this.add(event));

  add(event: WorkQueueEvent): void {
    this.events.push(event);
    for (const look of this.#waiting) look();
  }

  all<N extends Name>(name: N): EventOf<N>[] {
    return this.events.filter((event): event is EventOf<N> => event.event === name);
  }

  /** Resolves with the n-th event of that name, which may have come already. */
  async nth<N extends Name>(name: N, n: number): Promise<EventOf<N>> {
    for (;;) {
      const found = this.all(name)[n - 1];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });
    }
  }

  first<N extends Name>(name: N): Promise<EventOf<N>> {
    return this.nth(name, 1);
  }
}
