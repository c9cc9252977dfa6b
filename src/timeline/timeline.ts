import type { Task } from "../engine/task.js";
import { printableBody } from "../text/printable.js";
import type { TimelineEvent } from "./timeline-event.js";

/** One thing that lasted a while, a task in a worker's hands above all. Times are in s from the timeline's start. */
export interface Bar {
  /** Printable. */
  label: string;
  from: number;
  to: number;
  /** `lost`: never begun, and nobody will. `down`: the broker was killed. */
  begin: "received" | "redelivered" | "lost" | "down" | "sending";
  /** `aborted`: the connection was lost. `open`: not by the end of the log. */
  end: "done" | "aborted" | "requeued" | "killed" | "lost" | "back" | "open";
}

export interface Lane {
  name: string;
  kind: "worker" | "broker" | "sender";
  bars: Bar[];
}

/** Who did what when: one lane per speaker, the broker first, the others in the order of their names. */
export interface Timeline {
  lanes: Lane[];
  /** From the beginning of the first bar to the last thing heard of any, in s. */
  elapsed: number;
  /** Seconds of work done, added up over all workers. */
  worked: number;
}

/** How a task leaves a worker's hands. */
const ends = { "task-done": "done", "task-aborted": "aborted", "task-requeued": "requeued" } as const;

/** A bar that has not ended. */
interface OpenBar {
  bar: Bar;
  name: string;
  task: Task | undefined;
  /** Since when its worker seems to be dead, in s: another one has the task, or the name. */
  goneAt?: number | undefined;
}

/**
 * Makes a timeline of what workers, senders and a lesson told, in any order of speakers.
 * @param now open bars reach up to here; default: to the last thing heard
 */
export function buildTimeline(events: readonly TimelineEvent[], now?: Date): Timeline {
  const builder = new Builder();
  for (const event of events.toSorted((a, b) => a.at.getTime() - b.at.getTime())) builder.add(event);
  return builder.finish(now);
}

class Builder {
  #start: number | undefined;
  #last = 0;
  readonly #lanes = new Map<string, Lane>();
  readonly #open = new Map<string, OpenBar>();
  /** Workers whose tasks count as done when they are sent. */
  readonly #autoAck = new Map<string, boolean>();
  /** Workers that told of a lost connection: their next one is the same process's. */
  readonly #disconnected = new Set<string>();
  readonly #connected = new Set<string>();
  readonly #lostInHand = new Set<string>();

  add(event: TimelineEvent): void {
    const { name } = event;
    const at = (event.at.getTime() - (this.#start ?? event.at.getTime())) / 1000;
    switch (event.event) {
      case "connection-lost":
        this.#disconnected.add(name);
        break;
      case "connected":
        if (!this.#disconnected.delete(name)) this.#presumeDead(name, at);
        this.#connected.add(name);
        break;
      case "consuming":
        if (!this.#connected.delete(name)) this.#presumeDead(name, at);
        this.#autoAck.set(name, event.autoAck);
        break;
      case "worker-killed":
        for (const [key, open] of this.#open)
          if (open.name === name && open.task !== undefined) this.#end(key, at, this.#deadEnd(name));
        break;
      case "task-received":
        this.#received(event.task, name, event.redelivered, at);
        break;
      case "task-progress": {
        const open = this.#open.get(keyOf(name, event.task));
        if (open === undefined) break;
        open.goneAt = undefined; // not so dead
        this.#last = at;
        break;
      }
      case "task-done":
      case "task-aborted":
      case "task-requeued":
        this.#end(keyOf(name, event.task), at, ends[event.event]);
        break;
      case "task-lost":
        this.#lost(event.task, name, at);
        break;
      case "broker-killed":
        this.#begin("broker-down", event, "broker", { label: "down", begin: "down" });
        break;
      case "broker-back":
        this.#end("broker-down", at, "back");
        break;
      case "batch-begun":
        this.#begin(`batch\n${name}`, event, "sender", { label: "", begin: "sending" });
        break;
      case "batch-ended": {
        const batch = this.#open.get(`batch\n${name}`);
        if (batch !== undefined) batch.bar.label = event.label;
        this.#end(`batch\n${name}`, at, event.whole ? "done" : "aborted");
        break;
      }
    }
    // Whatever the first bar is, it begins the time.
    if (this.#start === undefined && this.#lanes.size > 0) this.#start = event.at.getTime();
  }

  finish(now: Date | undefined): Timeline {
    const elapsed =
      now === undefined || this.#start === undefined
        ? this.#last
        : Math.max((now.getTime() - this.#start) / 1000, this.#last);
    for (const { bar, name, goneAt } of this.#open.values()) {
      bar.to = goneAt ?? elapsed;
      if (goneAt !== undefined) bar.end = this.#deadEnd(name);
    }
    const lanes = [...this.#lanes.values()].sort(inOrder);
    for (const lane of lanes) spreadLost(lane, elapsed);
    const done = lanes.flatMap(({ bars }) => bars).filter(({ end }) => end === "done");
    return { lanes, elapsed, worked: done.reduce((sum, { from, to }) => sum + to - from, 0) };
  }

  #received(task: Task, name: string, redelivered: boolean, at: number): void {
    const key = keyOf(name, task);
    // A second process of the same name.
    const before = this.#open.get(key);
    if (before !== undefined) this.#end(key, before.goneAt ?? at, this.#deadEnd(name));
    // Ids of tasks without one are numbers of deliveries, which repeat.
    if (redelivered && !task.id.startsWith("delivery-"))
      for (const open of this.#open.values()) if (open.task?.id === task.id) open.goneAt ??= at;
    const begin = redelivered ? "redelivered" : "received";
    const bar = this.#bar(name, "worker", { label: printableBody(task.body), from: at, begin });
    this.#open.set(key, { bar, name, task });
  }

  #begin(
    key: string,
    { name, at }: TimelineEvent,
    kind: Lane["kind"],
    bar: Pick<Bar, "label" | "begin">,
  ): void {
    const from = (at.getTime() - (this.#start ?? at.getTime())) / 1000;
    this.#open.set(key, { bar: this.#bar(name, kind, { ...bar, from }), name, task: undefined });
  }

  #bar(name: string, kind: Lane["kind"], begun: Pick<Bar, "label" | "from" | "begin">): Bar {
    const lane = this.#lanes.get(name) ?? { name, kind, bars: [] };
    this.#lanes.set(name, lane);
    const { label, from, begin } = begun;
    const bar: Bar = { label, from, to: from, begin, end: "open" };
    lane.bars.push(bar);
    this.#last = Math.max(this.#last, from);
    return bar;
  }

  #end(key: string, at: number, end: Bar["end"]): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    open.bar.to = at;
    open.bar.end = end;
    if (end === "lost") this.#lostInHand.add(key);
    this.#last = Math.max(this.#last, at);
  }

  /** A task in hand, or one that never got into any. */
  #lost(task: Task, name: string, at: number): void {
    const label = printableBody(task.body);
    if (this.#lostInHand.has(keyOf(name, task))) return;
    const bar = this.#bar(name, name === BROKER ? "broker" : "worker", { label, from: at, begin: "lost" });
    bar.end = "lost";
  }

  /** Another process has its name: if nothing more is heard of what it had in hand, it was killed. */
  #presumeDead(name: string, at: number): void {
    for (const open of this.#open.values()) if (open.name === name) open.goneAt ??= at;
  }

  /** What became of a task in a killed worker's hands. */
  #deadEnd = (name: string): Bar["end"] => (this.#autoAck.get(name) === true ? "lost" : "killed");
}

/** The name of the broker's lane. */
export const BROKER = "broker";

const keyOf = (name: string, task: Task): string => `task\n${name}\n${task.id}`;

/** worker-10 comes after worker-9. */
const collator = new Intl.Collator("en", { numeric: true });

function inOrder(a: Lane, b: Lane): number {
  if (a.kind !== b.kind && (a.kind === "broker" || b.kind === "broker")) return a.kind === "broker" ? -1 : 1;
  return collator.compare(a.name, b.name);
}

/** Tasks lost before they were begun have no time: they share what is free behind the moment of their loss. */
function spreadLost({ bars }: Lane, elapsed: number): void {
  const lost = bars.filter(({ begin }) => begin === "lost");
  const [first] = lost;
  if (first === undefined) return;
  const next = bars.find(({ begin, from }) => begin !== "lost" && from >= first.from);
  const share = Math.max((next?.from ?? elapsed) - first.from, 0) / lost.length;
  for (const [at, bar] of lost.entries()) {
    bar.from = first.from + at * share;
    bar.to = first.from + (at + 1) * share;
  }
}
