import { apply, emptyState, type LiveState } from "./ledger.js";
import type { LiveEvent } from "./live-event.js";

/** How many events can be gone back; older ones are only in the state before them. */
export const HISTORY_LENGTH = 10_000;

/** So many are given up at a time. */
const AT_A_TIME = 500;

/** How many events are between two states that are kept while rewinding. */
const CHECKPOINT_EVERY = 1_000;

/** What a history is made of: it can be sent. */
export interface Recorded {
  /** The state before the first of the events. */
  base: LiveState;
  events: LiveEvent[];
  /** How many events were before them. */
  dropped: number;
}

/** The latest events and the state now; rewinding is applying the events again. Nothing of Node is in it. */
export class History {
  readonly #base: LiveState;
  readonly #events: LiveEvent[];
  /** States on the way, so that a slider need not begin at the first event each time. */
  readonly #checkpoints = new Map<number, LiveState>();
  #dropped: number;
  #now: LiveState;

  constructor({ base, events, dropped }: Recorded = { base: emptyState(), events: [], dropped: 0 }) {
    this.#base = base;
    this.#events = events;
    this.#dropped = dropped;
    this.#now = this.upTo(events.length);
  }

  get now(): LiveState {
    return this.#now;
  }

  get events(): readonly LiveEvent[] {
    return this.#events;
  }

  /** The number of the next event, from 0. */
  get next(): number {
    return this.#dropped + this.#events.length;
  }

  get recorded(): Recorded {
    return { base: this.#base, events: this.#events, dropped: this.#dropped };
  }

  add(event: LiveEvent): void {
    apply(this.#now, event);
    this.#events.push(event);
    if (this.#events.length <= HISTORY_LENGTH + AT_A_TIME) return;
    for (const old of this.#events.splice(0, AT_A_TIME)) apply(this.#base, old);
    this.#dropped += AT_A_TIME;
    this.#checkpoints.clear();
  }

  /** The state after the first `count` of the events that are kept. */
  upTo(count: number): LiveState {
    let at = count - (count % CHECKPOINT_EVERY);
    while (at > 0 && !this.#checkpoints.has(at)) at -= CHECKPOINT_EVERY;
    const state = structuredClone(this.#checkpoints.get(at) ?? this.#base);
    while (at < count) {
      apply(state, this.#events[at] as LiveEvent);
      at++;
      if (at % CHECKPOINT_EVERY === 0 && at < count) this.#checkpoints.set(at, structuredClone(state));
    }
    return state;
  }
}
