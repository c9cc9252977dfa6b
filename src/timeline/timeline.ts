import type { Task } from "../engine/task.js";
import { printableBody } from "../text/printable.js";
import type { TimelineEvent } from "./timeline-event.js";

/** A span of time: a task at a worker, a batch, or the broker's downtime. Times are in s from the timeline's start. */
export interface Bar {
  /** Printable text. */
  label: string;
  from: number;
  to: number;
  /**
   * `waiting`: lost before a worker began it, from its confirm on. `between`: a failed task waits for its next attempt, in
   * the lane of the worker that had the last. `down`: the broker was killed. `sending`: a batch.
   */
  begin: "received" | "redelivered" | "waiting" | "down" | "sending" | "between";
  /**
   * `presumed`: done by then, though nobody saw it: `task-queue live` concludes it. `dead`: it became a dead letter.
   * `aborted`: the connection was lost. `back`: the broker was restarted. `open`: it had not ended by the last event.
   */
  end:
    | ("done" | "presumed" | "failed" | "dead" | "aborted" | "requeued" | "killed" | "lost" | "back" | "open")
    | "between";
}

/**
 * Whether its label is drawn beside the bar where it does not fit inside: a batch's has its number of tasks, and a
 * lost task is in no other bar.
 */
export const hasLabelBeside = ({ begin }: Bar): boolean => begin === "sending" || begin === "waiting";

export interface Lane {
  name: string;
  kind: "worker" | "broker" | "sender";
  bars: Bar[];
}

/** Which process did what when: one lane each, the broker first, the others in the order of their names. */
export interface Timeline {
  lanes: Lane[];
  /** From the beginning of the first bar to the last event about a bar, in s. */
  elapsed: number;
  /** Seconds of work done, added up over all workers. */
  worked: number;
}

/** A timeline with the title that is drawn above it; an empty title is not drawn. */
export interface Titled {
  title: string;
  timeline: Timeline;
}

/** The name of the broker's lane. */
export const BROKER = "broker";

const ends = { "task-aborted": "aborted", "task-requeued": "requeued" } as const;

interface OpenBar {
  bar: Bar;
  name: string;
  task: Task | undefined;
  /** When its worker was presumed dead, in s: another process received the task, or has the same name. */
  goneAt?: number | undefined;
}

/**
 * Makes a timeline of the events of workers, senders and a lesson, in any order.
 * @param now where bars that have not ended are drawn to; default: the last event
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
  /** Whether a worker, by name, consumes with auto-ack. */
  readonly #autoAck = new Map<string, boolean>();
  /** Names that reported a lost connection: their next connection is the same process's. */
  readonly #disconnected = new Set<string>();
  readonly #connected = new Set<string>();
  /** Keys of tasks whose bar has ended as lost. */
  readonly #lostBars = new Set<string>();
  /** Bars of attempts that failed, by the keys of their tasks: the latest of each. */
  readonly #failedBars = new Map<string, Bar>();
  /** When tasks were confirmed, by their ids, in ms. */
  readonly #confirmedAt = new Map<string, number>();

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
          if (open.name === name && open.task !== undefined) this.#end(key, at, this.#endWhenKilled(name));
        break;
      case "task-confirmed":
        this.#confirmedAt.set(event.task.id, event.at.getTime());
        break;
      case "task-received":
        this.#received(event.task, name, event.redelivered, at);
        break;
      case "task-progress": {
        const open = this.#open.get(keyOf(name, event.task));
        if (open === undefined) break;
        open.goneAt = undefined; // its worker is alive
        this.#last = at;
        break;
      }
      case "task-done":
        this.#end(keyOf(name, event.task), at, "derived" in event ? "presumed" : "done");
        break;
      case "task-aborted":
      case "task-requeued":
        this.#end(keyOf(name, event.task), at, ends[event.event]);
        break;
      case "task-failed":
        this.#failed(event.task, name, event.retryInMs !== null, at);
        break;
      case "task-dead":
        this.#dead(event.task, name, at);
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
    // Time starts with the first bar.
    if (this.#start === undefined && this.#lanes.size > 0) this.#start = event.at.getTime();
  }

  finish(now: Date | undefined): Timeline {
    const elapsed =
      now === undefined || this.#start === undefined
        ? this.#last
        : Math.max((now.getTime() - this.#start) / 1000, this.#last);
    for (const { bar, name, goneAt } of this.#open.values()) {
      bar.to = goneAt ?? elapsed;
      if (goneAt !== undefined) bar.end = this.#endWhenKilled(name);
    }
    const lanes = [...this.#lanes.values()].sort(inOrder);
    const done = lanes.flatMap(({ bars }) => bars).filter(({ end }) => end === "done");
    return { lanes, elapsed, worked: done.reduce((sum, { from, to }) => sum + to - from, 0) };
  }

  #received(task: Task, name: string, redelivered: boolean, at: number): void {
    const key = keyOf(name, task);
    this.#end(betweenKey(task), at, "between");
    this.#failedBars.delete(key);
    // A second process has the same name.
    const before = this.#open.get(key);
    if (before !== undefined) this.#end(key, before.goneAt ?? at, this.#endWhenKilled(name));
    // The id of a message without one is made of its delivery tag, which other connections use too.
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
    if (end === "lost") this.#lostBars.add(key);
    this.#last = Math.max(this.#last, at);
  }

  #failed(task: Task, name: string, isRetried: boolean, at: number): void {
    const key = keyOf(name, task);
    const open = this.#open.get(key);
    if (open !== undefined) this.#failedBars.set(key, open.bar);
    this.#end(key, at, "failed");
    if (!isRetried) return;
    const bar = this.#bar(name, "worker", { label: "", from: at, begin: "between" });
    bar.end = "between";
    this.#open.set(betweenKey(task), { bar, name, task: undefined });
  }

  /** Its last attempt has a bar already; one that came back too often was not begun. */
  #dead(task: Task, name: string, at: number): void {
    const failed = this.#failedBars.get(keyOf(name, task));
    if (failed !== undefined) failed.end = "dead";
    else {
      const label = printableBody(task.body);
      this.#bar(name, "worker", { label, from: at, begin: "received" }).end = "dead";
    }
  }

  /** A task that a worker held has its bar already; one that was never begun has waited since it was confirmed. */
  #lost(task: Task, name: string, at: number): void {
    if (this.#lostBars.has(keyOf(name, task))) return;
    const start = this.#start ?? 0;
    const from = Math.max(((this.#confirmedAt.get(task.id) ?? start) - start) / 1000, 0);
    const label = printableBody(task.body);
    const kind = name === BROKER ? "broker" : "worker";
    const bar = this.#bar(name, kind, { label, from: Math.min(from, at), begin: "waiting" });
    bar.to = at;
    bar.end = "lost";
    this.#last = Math.max(this.#last, at);
  }

  /** A new process has this name: unless its tasks report progress later, the old one was killed. */
  #presumeDead(name: string, at: number): void {
    for (const open of this.#open.values())
      if (open.name === name && open.bar.begin !== "between") open.goneAt ??= at; // the queue has those
  }

  /** How an unacknowledged task of a killed worker ends. */
  #endWhenKilled = (name: string): Bar["end"] => (this.#autoAck.get(name) === true ? "lost" : "killed");
}

const keyOf = (name: string, task: Task): string => `task\n${name}\n${task.id}`;

/** Of a failed task between two attempts, whichever worker has the next one. */
const betweenKey = (task: Task): string => `between\n${task.id}`;

/** worker-10 comes after worker-9. */
const collator = new Intl.Collator("en", { numeric: true });

function inOrder(a: Lane, b: Lane): number {
  if (a.kind !== b.kind && (a.kind === "broker" || b.kind === "broker")) return a.kind === "broker" ? -1 : 1;
  return collator.compare(a.name, b.name);
}
