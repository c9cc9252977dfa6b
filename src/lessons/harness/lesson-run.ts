import { setTimeout as sleep } from "node:timers/promises";
import { PrivateBroker } from "../../broker/private-broker.js";
import { BrokerUrl } from "../../engine/connection/broker-url.js";
import { WorkQueueError } from "../../engine/errors.js";
import type { WorkQueueEvent } from "../../engine/events.js";
import type { QueueCounts } from "../../engine/manage/queue-operations.js";
import { BROKER } from "../../timeline/timeline.js";
import type { LessonEvent, TimelineEvent } from "../../timeline/timeline-event.js";
import { CommandProcess } from "./command-process.js";
import { type LeftQueue, LessonQueues } from "./lesson-queues.js";
import { Waiting } from "./waiting.js";

/** How long to pause between two looks at a queue, in ms. */
const LOOK_EVERY = 20;

/** A part of a lesson that is drawn as one timeline. */
export interface Part {
  title: string;
  events: TimelineEvent[];
}

/** Follows a lesson while it goes on; both are called at once. */
export interface LessonObserver {
  /** A part begins: the events that follow are its own. */
  onPart(part: Part): void;
  /** @param name of the process, or of the lane it belongs to */
  onEvent(event: TimelineEvent, name: string): void;
}

export interface LessonRunOptions {
  /** The user's broker; without one, a private broker is started. */
  url: string | undefined;
  /** Work per dot, in ms. */
  dotMs: number;
  /** Aborted: whatever goes on rejects; `close` clears up. */
  signal: AbortSignal;
  observer: LessonObserver;
}

/** The broker, the queues and the processes of a lesson while it runs. */
export class LessonRun {
  readonly parts: Part[] = [];
  readonly dotMs: number;
  readonly signal: AbortSignal;
  readonly url: string;
  readonly #observer: LessonObserver;
  readonly #broker: PrivateBroker | undefined;
  readonly #workers = new Map<string, CommandProcess>();
  readonly #processes = new Set<CommandProcess>();
  readonly #queues: LessonQueues;
  readonly #waiting = new Waiting();

  private constructor({ dotMs, signal, observer }: LessonRunOptions, url: string, broker?: PrivateBroker) {
    this.dotMs = dotMs;
    this.signal = signal;
    this.url = url;
    this.#observer = observer;
    this.#broker = broker;
    this.#queues = new LessonQueues(new BrokerUrl(url));
    signal.addEventListener("abort", () => this.#waiting.fail(signal.reason), { once: true });
  }

  /** @throws WorkQueueError BROKER_START, or as a first connection does */
  static async open(options: LessonRunOptions): Promise<LessonRun> {
    const { url, signal } = options;
    if (url !== undefined) {
      const run = new LessonRun(options, url);
      await run.#queues.connect(signal); // fails before anything starts
      return run;
    }
    const broker = await PrivateBroker.start({ signal });
    return new LessonRun(options, broker.url, broker);
  }

  /** Begins a part: the events that follow belong to it. */
  begin(title: string): Part {
    const part = { title, events: [] };
    this.parts.push(part);
    this.#observer.onPart(part);
    return part;
  }

  /** A name for a queue of this lesson's own, deleted when it is closed. */
  newQueue(purpose: string): string {
    return this.#queues.add(purpose);
  }

  /** Starts a worker, and resolves when it takes tasks. */
  async worker(name: string, queue: string, ...words: string[]): Promise<void> {
    const own = ["--json", "--queue", queue, "--name", name, "--dot", `${this.dotMs}ms`];
    const worker = this.startProcess("bin/worker.js", name, [...own, ...words]);
    this.#workers.set(name, worker);
    // A worker goes on until it is stopped.
    const early = () => {
      if (!worker.signalled) this.#waiting.fail(new Error(`${name} ended by itself.`));
    };
    worker.succeeds().then(early, () => {}); // its failure is the lesson's: see startProcess
    await this.orFailed(worker.has("consuming"));
  }

  /** Sends tasks with one `new-task`, and resolves when all of them are confirmed. */
  async send(queue: string, tasks: readonly string[], ...words: string[]): Promise<void> {
    const [only = ""] = tasks;
    const json = ["--json", "--queue", queue, ...words];
    const sender =
      tasks.length === 1
        ? this.startProcess("bin/new-task.js", "new-task", [...json, "--", only])
        : this.startProcess("bin/new-task.js", "new-task", [...json, "--file", "-"], `${tasks.join("\n")}\n`);
    await this.orFailed(sender.succeeds());
  }

  /** Sends a user's file of tasks. @param input standard input, where the path is `-` */
  async sendFile(queue: string, path: string, input?: Buffer): Promise<void> {
    const words = ["--json", "--queue", queue, "--file", path];
    await this.orFailed(this.startProcess("bin/new-task.js", "new-task", words, input).succeeds());
  }

  /**
   * Starts a script, given relative to `dist/`. If it fails, the lesson fails, which would else wait forever.
   * @param input its standard input; null: what is written to it later
   */
  startProcess(
    script: string,
    name: string,
    words: string[],
    input: string | Buffer | null = "",
  ): CommandProcess {
    this.signal.throwIfAborted();
    const onEvent = (event: WorkQueueEvent) => this.#onEvent(event, name);
    const started = new CommandProcess({ script, words, url: this.url, input, onEvent });
    this.#processes.add(started);
    started.succeeds().catch((error) => {
      if (!started.signalled) this.#waiting.fail(error);
    });
    return started;
  }

  /** Resolves when the condition holds. @param isOver nothing more can come: rejects with that */
  until(condition: () => boolean, isOver?: () => boolean): Promise<void> {
    return this.#waiting.until(condition, isOver);
  }

  /** The same for how a queue stands. */
  async untilQueue(
    queue: string,
    condition: (counts: QueueCounts) => boolean,
    isOver = () => false,
  ): Promise<void> {
    while (!condition(await this.lookAtQueue(queue))) {
      await this.until(() => !isOver(), isOver);
      await this.orFailed(sleep(LOOK_EVERY));
    }
  }

  /** Waits for a promise, but not beyond a failure or the lesson's end. */
  orFailed<T>(promise: Promise<T>): Promise<T> {
    return this.#waiting.orFailed(promise);
  }

  /** `kill -9` for a worker. */
  async killWorker(name: string): Promise<void> {
    const worker = this.#workers.get(name);
    this.#workers.delete(name);
    const at = new Date();
    worker?.signal("SIGKILL");
    await worker?.exited;
    this.report({ event: "worker-killed", name }, at);
  }

  /** Ctrl-C for every worker: resolves when they have finished what they had in hand. */
  async stopWorkers(): Promise<void> {
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    for (const worker of workers) worker.signal("SIGINT");
    await this.orFailed(Promise.all(workers.map((worker) => worker.succeeds())));
  }

  /** Ends the broker as a power failure would. */
  async killBroker(): Promise<void> {
    const at = new Date();
    await this.#ownBroker().kill();
    this.report({ event: "broker-killed", name: BROKER }, at);
  }

  /** Starts it again on its data. It is back when a process has connected. */
  async restartBroker(): Promise<void> {
    const { events = [] } = this.parts.at(-1) ?? {};
    const before = events.length;
    await this.#ownBroker().restart(this.signal);
    const connected = events.slice(before).find(({ event }) => event === "connected");
    this.report({ event: "broker-back", name: BROKER }, connected?.at ?? new Date());
  }

  /** How many tasks wait in a queue, and how many workers listen. */
  lookAtQueue(queue: string): Promise<QueueCounts> {
    return this.#queues.look(queue, this.signal);
  }

  /** Takes everything out of a queue that no worker listens on, in order, as text. */
  readQueue(queue: string): Promise<string[]> {
    return this.orFailed(this.#queues.read(queue));
  }

  /** Adds an event of what was done to workers or broker. */
  report(event: LessonEvent & { name: string }, at = new Date()): void {
    this.#onEvent({ ...event, at } as TimelineEvent, event.name);
  }

  /** Ends all processes, stops a broker of its own, or deletes the queues: resolves with those it could not delete. */
  async close(): Promise<LeftQueue[]> {
    this.#workers.clear();
    for (const each of this.#processes) each.signal("SIGKILL");
    await Promise.allSettled([...this.#processes].map(({ exited }) => exited));
    if (this.#broker === undefined) return this.#queues.delete();
    await this.#broker.stop();
    return [];
  }

  #ownBroker(): PrivateBroker {
    if (this.#broker === undefined)
      throw new WorkQueueError("USAGE", "A broker that the lesson has not started is not killed.");
    return this.#broker;
  }

  #onEvent(event: TimelineEvent, name: string): void {
    this.parts.at(-1)?.events.push(event);
    this.#observer.onEvent(event, name);
    this.#waiting.check();
  }
}
