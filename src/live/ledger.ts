import type { Counts, Derived, LiveEvent, LiveTask, Retry } from "./live-event.js";

/**
 * Events become state. Pure, and plain data: it can be copied and sent, so that the page rewinds by applying the events
 * again. Times are ms since 1970. Nothing of Node is in it.
 */

/** The most that is kept of each: the page's memory is bounded. */
const KEPT = {
  rates: 240,
  waiting: 1_000,
  bars: 150,
  lanes: 40,
  senders: 12,
  retrying: 200,
  dead: 200,
  lives: 600,
  steps: 40,
};

export interface Waiting {
  task: LiveTask;
  since: number;
  /** It was with a worker before. */
  returned: boolean;
}

/** A task at a worker. */
export interface LiveBar {
  task: LiveTask;
  /** When the broker sent it. */
  from: number;
  /** When work on it began; a foreign worker's is taken to begin at once. Null: not yet. */
  begun: number | null;
  to: number | null;
  /** Null with `to`: what became of it was not seen. */
  end: "done" | "requeued" | "failed" | null;
  /** Null: the end was seen. */
  derived: Derived | null;
  redelivered: boolean;
  why: Why;
}

/** The other workers when a task was sent to one. */
export interface Why {
  /** What this worker held already. */
  held: number;
  /** The others that held nothing. */
  free: string[];
  /** The others that held something, and what. */
  busy: { name: string; text: string }[];
  /** Whether the worker whose turn it was, had they taken turns, was another one. */
  outOfTurn: boolean;
}

export interface LiveLane {
  id: string;
  name: string;
  /** Started by this page. */
  own: boolean;
  prefetch: number | null;
  autoAck: boolean;
  /** Work per dot; null: not known. */
  dotMs: number | null;
  status: "here" | "stopping" | "paused" | "gone";
  /** How it went, once it has. */
  left: Left | null;
  since: number;
  bars: LiveBar[];
  delivered: number;
  done: number;
}

export interface Left {
  at: number;
  how: "stopped" | "killed" | "gone" | "failed";
  derived: boolean;
}

export interface LiveSender {
  id: string;
  name: string;
  own: boolean;
  sent: number;
  last: string;
  at: number;
}

export interface Retrying extends Retry {
  task: LiveTask;
  since: number;
}

/** One step in the life of a task. */
export interface Step {
  at: number;
  what: "published" | "delivered" | "begun" | "done" | "requeued" | "failed" | "retry" | "dead" | "gone";
  name: string;
  derived: Derived | null;
}

/** Everything that the page shows at one moment. */
export interface LiveState {
  at: number;
  began: number;
  about: {
    queue: string;
    vhost: string;
    broker: string;
    version: string;
    ownBroker: boolean;
    acts: boolean;
  } | null;
  sight: { trace: boolean; management: boolean; because: string | null; wasOn: boolean };
  broker: "up" | "lost" | "killed" | "over";
  /** In order; the oldest ones. */
  waiting: Waiting[];
  /** Ready tasks of which only the number is known. */
  unseen: number;
  counted: { exists: boolean; ready: number; unacknowledged: number | null; dead: number | null } | null;
  senders: LiveSender[];
  lanes: LiveLane[];
  retrying: Retrying[];
  dead: Retrying[];
  totals: {
    published: number;
    delivered: number;
    redelivered: number;
    done: number;
    derived: number;
    failed: number;
    /** Whether `published` and `delivered` are not exact. */
    about: boolean;
  };
  /** Deliveries by what their worker held, and how many taking turns would have sent elsewhere. */
  choices: { toFree: number; toHolding: number; whileOthersBusy: number; outOfTurn: number };
  /** The lane that was sent the latest task, for taking turns. */
  turn: string | null;
  /** The latest rates, while there are only counts. */
  rates: { publish: number; deliver: number }[];
  /** Set while there are only counts. */
  counting: Counts | null;
  /** When only counts began, or began last. */
  gapSince: number | null;
  lives: Record<string, Step[]>;
  /** Their ids, the oldest first. */
  lifeOrder: string[];
}

export function emptyState(): LiveState {
  return {
    at: 0,
    began: 0,
    about: null,
    sight: { trace: false, management: false, because: null, wasOn: false },
    broker: "up",
    waiting: [],
    unseen: 0,
    counted: null,
    senders: [],
    lanes: [],
    retrying: [],
    dead: [],
    totals: { published: 0, delivered: 0, redelivered: 0, done: 0, derived: 0, failed: 0, about: false },
    choices: { toFree: 0, toHolding: 0, whileOthersBusy: 0, outOfTurn: 0 },
    turn: null,
    rates: [],
    counting: null,
    gapSince: null,
    lives: {},
    lifeOrder: [],
  };
}

/** Applies an event to the state, in place. */
export function apply(state: LiveState, event: LiveEvent): void {
  const at = Date.parse(event.at);
  state.at = Math.max(state.at, at);
  if (state.began === 0) state.began = at;
  switch (event.event) {
    case "watching": {
      const { queue, vhost, broker, version, ownBroker, acts } = event;
      const { sight } = state;
      Object.assign(state, emptyState(), { at, began: at, sight });
      state.about = { queue, vhost, broker, version, ownBroker, acts };
      break;
    }
    case "sight": {
      const { trace, management, because, wasOn } = event;
      state.sight = { trace, management, because, wasOn };
      break;
    }
    case "broker-killed":
      state.broker = "killed";
      break;
    case "broker-lost":
      if (state.broker === "up") state.broker = "lost";
      break;
    case "broker-back":
      state.broker = "up";
      break;
    case "over":
      state.broker = "over";
      break;
    case "gap":
      state.gapSince = Date.parse(event.since);
      forget(state, at);
      break;
    case "sender-known": {
      known(state, event);
      break;
    }
    case "task-published":
      published(state, event, at);
      break;
    case "worker-joined": {
      const { worker: id, name, own, prefetch, dotMs } = event;
      const lane = laneOf(state, id, name, at);
      Object.assign(lane, { name, own, prefetch, dotMs });
      break;
    }
    case "worker-known": {
      const { worker, name, prefetch, autoAck } = event;
      Object.assign(laneOf(state, worker, name, at), { name, prefetch, autoAck });
      break;
    }
    case "worker-stopping":
      setStatus(state, event.worker, "stopping");
      break;
    case "worker-paused":
      setStatus(state, event.worker, "paused");
      break;
    case "worker-resumed":
      setStatus(state, event.worker, "here");
      break;
    case "worker-killed":
      leave(state, event, { at, how: "killed", derived: false });
      break;
    case "worker-left":
      leave(state, event, { at, how: event.how, derived: event.derived !== undefined });
      break;
    case "task-delivered":
    case "task-received":
      delivered(state, event, at);
      break;
    case "task-done":
    case "task-failed":
    case "task-requeued":
      ended(state, event, at);
      break;
    case "task-gone":
      takeWaiting(state, event.task.id);
      step(state, event.task.id, { at, what: "gone", name: "", derived: event.derived });
      break;
    case "counted": {
      const { exists, ready, unacknowledged, unseen, dead } = event;
      state.counted = { exists, ready, unacknowledged, dead };
      state.unseen = unseen;
      if (dead !== null && state.dead.length > dead) state.dead.splice(0, state.dead.length - dead);
      break;
    }
    case "counting":
      forget(state, at);
      state.counting = event.on
        ? {
            published: state.totals.published,
            delivered: state.totals.delivered,
            done: state.totals.done,
            about: false,
            publishRate: 0,
            deliverRate: 0,
            workers: {},
          }
        : null;
      break;
    case "counts": {
      const { published, delivered, done, about, publishRate, deliverRate, workers } = event;
      if (state.counting !== null)
        state.counting = { published, delivered, done, about, publishRate, deliverRate, workers };
      state.rates.push({ publish: publishRate, deliver: deliverRate });
      if (state.rates.length > KEPT.rates) state.rates.shift();
      Object.assign(state.totals, { published, delivered, done, about });
      for (const lane of state.lanes) lane.delivered = workers[lane.id] ?? lane.delivered;
      break;
    }
  }
}

type Of<Name extends LiveEvent["event"]> = Extract<LiveEvent, { event: Name }>;

/** What a worker holds now. */
export const heldBy = (lane: LiveLane): LiveBar[] => lane.bars.filter(({ to }) => to === null);

function published(
  state: LiveState,
  { task, sender, name, to, retry }: Of<"task-published">,
  at: number,
): void {
  if (to === "queue") {
    state.totals.published++;
    const known = state.senders.find(({ id }) => id === sender);
    if (known !== undefined) Object.assign(known, { sent: known.sent + 1, last: task.text, at });
    else state.senders.push({ id: sender, name, own: false, sent: 1, last: task.text, at });
    if (state.senders.length > KEPT.senders) dropOldest(state.senders);
    state.retrying = state.retrying.filter(({ task: { id } }) => id !== task.id);
    state.dead = state.dead.filter(({ task: { id } }) => id !== task.id);
    if (state.waiting.length < KEPT.waiting) state.waiting.push({ task, since: at, returned: false });
    else state.unseen++;
    step(state, task.id, { at, what: "published", name, derived: null });
    return;
  }
  const entry = {
    task,
    since: at,
    delayMs: retry?.delayMs ?? null,
    attempt: retry?.attempt ?? null,
    reason: retry?.reason ?? null,
  };
  const list = to === "retry" ? state.retrying : state.dead;
  list.push(entry);
  if (list.length > KEPT[to === "retry" ? "retrying" : "dead"]) list.shift();
  step(state, task.id, { at, what: to, name, derived: null });
}

function delivered(state: LiveState, event: Of<"task-delivered" | "task-received">, at: number): void {
  const { task, worker, name, redelivered } = event;
  const lane = laneOf(state, worker, name, at);
  const held = lane.bars.findLast((bar) => bar.task.id === task.id && bar.to === null);
  const begins = event.event === "task-received";
  if (held !== undefined) {
    if (begins && held.begun === null) {
      held.begun = at;
      step(state, task.id, { at, what: "begun", name, derived: null });
    }
    return;
  }
  if (!takeWaiting(state, task.id)) state.unseen = Math.max(state.unseen - 1, 0);
  state.retrying = state.retrying.filter(({ task: { id } }) => id !== task.id);
  const why = whyOf(state, lane);
  const { choices, totals } = state;
  totals.delivered++;
  if (redelivered) totals.redelivered++;
  if (why.held === 0) choices.toFree++;
  else choices.toHolding++;
  if (why.busy.length > 0) choices.whileOthersBusy++;
  if (why.outOfTurn) choices.outOfTurn++;
  state.turn = lane.id;
  lane.delivered++;
  lane.bars.push({
    task,
    from: at,
    begun: begins ? at : null,
    to: null,
    end: null,
    derived: null,
    redelivered,
    why,
  });
  if (lane.bars.length > KEPT.bars) lane.bars.shift();
  step(state, task.id, { at, what: "delivered", name, derived: null });
}

/** A sender is this page's own: what it has sent counts as the page's. */
function known(state: LiveState, { sender: id, name, own }: Of<"sender-known">): void {
  const sender = state.senders.find((one) => one.id === id);
  if (sender === undefined) return;
  const page = state.senders.find((one) => one.id === "page");
  if (own && page !== undefined) {
    state.senders.splice(state.senders.indexOf(sender), 1);
    Object.assign(page, { sent: page.sent + sender.sent, last: sender.last, at: sender.at });
  } else Object.assign(sender, { id: own ? "page" : id, name, own });
}

function whyOf(state: LiveState, lane: LiveLane): Why {
  const others = state.lanes.filter((other) => other !== lane && other.status !== "gone");
  const holding = others.map((other) => ({ other, held: heldBy(other) }));
  const held = heldBy(lane).length;
  return {
    // The broker sends no more than the prefetch: one of them was acknowledged, which is only not known yet.
    held:
      lane.prefetch !== null && lane.prefetch > 0 && !lane.autoAck ? Math.min(held, lane.prefetch - 1) : held,
    free: holding
      .filter(({ other, held }) => held.length === 0 && other.status === "here")
      .map(({ other }) => other.name),
    busy: holding.flatMap(({ other, held: [first] }) =>
      first === undefined ? [] : [{ name: other.name, text: first.task.text }],
    ),
    outOfTurn: state.turn !== null && others.length > 0 && nextInTurn(state) !== lane.id,
  };
}

/** The lane behind the one that was sent the latest task, as if they took turns. */
function nextInTurn(state: LiveState): string | undefined {
  const at = state.lanes.findIndex(({ id }) => id === state.turn);
  const order = [...state.lanes.slice(at + 1), ...state.lanes.slice(0, at + 1)];
  return order.find(({ status }) => status !== "gone")?.id;
}

function ended(state: LiveState, event: Of<"task-done" | "task-failed" | "task-requeued">, at: number): void {
  const { task, worker, name } = event;
  const derived = event.derived ?? null;
  const what = event.event === "task-done" ? "done" : event.event === "task-failed" ? "failed" : "requeued";
  const lane = laneOf(state, worker, name, at);
  const bar = lane.bars.findLast((one) => one.task.id === task.id && one.to === null);
  if (bar !== undefined) {
    bar.to = at;
    bar.end = what;
    bar.derived = derived;
  }
  if (what === "done") {
    lane.done++;
    state.totals.done++;
    if (derived !== null) state.totals.derived++;
  }
  if (what === "failed") state.totals.failed++;
  if (what === "requeued" && !state.waiting.some((one) => one.task.id === task.id)) {
    // It goes back to where it was: those that were sent earlier are ahead.
    const published = state.lives[task.id]?.[0]?.at ?? 0;
    const found = state.waiting.findIndex(({ since, returned }) => !returned || since > published);
    const place = found < 0 ? state.waiting.length : found;
    state.waiting.splice(place, 0, { task, since: published === 0 ? at : published, returned: true });
    if (state.waiting.length > KEPT.waiting) {
      state.waiting.pop();
      state.unseen++;
    }
  }
  step(state, task.id, { at, what, name, derived });
}

/** What is known of single tasks is out of date: only counts were seen, or nothing. */
function forget(state: LiveState, at: number): void {
  state.unseen += state.waiting.length;
  state.waiting = [];
  state.retrying = [];
  state.lives = {};
  state.lifeOrder = [];
  for (const lane of state.lanes) for (const bar of heldBy(lane)) bar.to = at;
}

function takeWaiting(state: LiveState, id: string): boolean {
  const at = state.waiting.findIndex(({ task }) => task.id === id);
  if (at < 0) return false;
  state.waiting.splice(at, 1);
  return true;
}

function laneOf(state: LiveState, id: string, name: string, at: number): LiveLane {
  const found = state.lanes.find((lane) => lane.id === id);
  if (found !== undefined) return found;
  const lane: LiveLane = {
    ...{ id, name, own: false, prefetch: null, autoAck: false, dotMs: null, status: "here", left: null },
    ...{ since: at, bars: [], delivered: 0, done: 0 },
  };
  state.lanes.push(lane);
  if (state.lanes.length > KEPT.lanes) {
    const gone = state.lanes.findIndex(({ status }) => status === "gone");
    state.lanes.splice(Math.max(gone, 0), 1);
  }
  return lane;
}

function leave(state: LiveState, { worker, name }: { worker: string; name: string }, left: Left): void {
  const lane = laneOf(state, worker, name, left.at);
  lane.status = "gone";
  lane.left = left;
}

function setStatus(state: LiveState, id: string, status: LiveLane["status"]): void {
  const lane = state.lanes.find((one) => one.id === id);
  if (lane !== undefined && lane.status !== "gone") lane.status = status;
}

function dropOldest(senders: LiveSender[]): void {
  const oldest = senders.reduce((least, one) => (one.at < least.at ? one : least));
  senders.splice(senders.indexOf(oldest), 1);
}

function step(state: LiveState, id: string, made: Step): void {
  const life = state.lives[id];
  if (life !== undefined) {
    if (life.length < KEPT.steps) life.push(made);
    return;
  }
  state.lives[id] = [made];
  state.lifeOrder.push(id);
  // Some at a time: taking the first off an array moves all others.
  if (state.lifeOrder.length > KEPT.lives + 100)
    for (const old of state.lifeOrder.splice(0, 100)) delete state.lives[old];
}
