import { setTimeout as sleep } from "node:timers/promises";
import { PrivateBroker } from "../../broker/private-broker.js";
import { BrokerUrl } from "../../engine/connection/broker-url.js";
import { codeOf, WorkQueueError } from "../../engine/errors.js";
import type { WorkQueueEvent } from "../../engine/events.js";
import type { Letter } from "../../engine/manage/dead-letters.js";
import type { QueueCounts } from "../../engine/manage/queue-operations.js";
import type { QueueStatus } from "../../engine/manage/queue-status.js";
import { BROKER } from "../../timeline/timeline.js";
import type { LessonEvent, TimelineEvent } from "../../timeline/timeline-event.js";
import { CommandProcess } from "./command-process.js";
import { type LeftQueue, LessonQueues } from "./lesson-queues.js";
import { anyInHand } from "./measure.js";
import { TimedWaiting } from "./timed-waiting.js";

/** How often a queue is polled, in ms, while something is to be done at once when it has changed. */
const POLL_MS = 20;
/** How long nothing new has happened before it is asked whether it still can, and the time between two such looks, in ms. */
const QUIET_MS = 3_000;
/** How long a wait goes on when nothing new happens, in ms. */
const PATIENCE_MS = 60_000;
/** To it is added the work of so many dots: a task that comes again shows nothing new until it is further than before. */
const PATIENCE_DOTS = 10;

/** A part of a lesson that is drawn as one timeline. */
export interface Part {
  title: string;
  events: TimelineEvent[];
}

/** Follows a lesson while it runs. Both methods are called synchronously and must return quickly. */
export interface LessonObserver {
  /** A part begins: the events that follow belong to it. */
  onPart(part: Part): void;
  /** @param name of the process, or of the lane that the event belongs to */
  onEvent(event: TimelineEvent, name: string): void;
  /** The lesson uses another queue from here on. */
  onQueue?(queue: string): void;
  /** A process has ended; `killed`: by kill -9. */
  onEnd?(name: string, killed: boolean): void;
}

export interface LessonRunOptions {
  /** The user's broker; without one, a private broker is started. */
  url: string | undefined;
  /** Work per dot, in ms. */
  dotMs: number;
  /** When it is aborted, everything that is awaited rejects; `close` is still needed. */
  signal: AbortSignal;
  observer: LessonObserver;
  /** How long a wait goes on when nothing new happens, in ms. Default: a minute and the work of ten dots. */
  patienceMs?: number;
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
  readonly #waiting: TimedWaiting;

  private constructor(options: LessonRunOptions, url: string, broker?: PrivateBroker) {
    const { dotMs, signal, observer, patienceMs = PATIENCE_MS + PATIENCE_DOTS * dotMs } = options;
    this.dotMs = dotMs;
    this.#waiting = new TimedWaiting(patienceMs);
    this.signal = signal;
    this.url = url;
    this.#observer = observer;
    this.#broker = broker;
    this.#queues = new LessonQueues(new BrokerUrl(url));
    signal.addEventListener("abort", () => this.#waiting.fail(signal.reason), { once: true });
  }

  /**
   * Starts a private broker, or checks that the user's accepts a connection.
   * @throws WorkQueueError BROKER_START, or as a first connection does
   */
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

  /** Returns the name of a new queue, which `close` deletes, with the queues whose names have `more` behind that. */
  newQueue(purpose: string, ...more: string[]): string {
    const queue = this.#queues.add(purpose, ...more);
    this.#observer.onQueue?.(queue);
    return queue;
  }

  /** Starts a worker, and resolves when it consumes. */
  async worker(name: string, queue: string, ...args: string[]): Promise<void> {
    // With a command, dots mean nothing.
    const dot = args.includes("--") ? [] : ["--dot", `${this.dotMs}ms`];
    const common = ["--json", "--queue", queue, "--name", name, ...dot];
    const worker = this.startProcess("bin/worker.js", name, [...common, ...args]);
    this.#workers.set(name, worker);
    // A worker runs until it is stopped.
    const endedEarly = () => {
      if (!worker.signalled) this.#waiting.fail(new Error(`${name} ended by itself.`));
    };
    worker.succeeds().then(endedEarly, () => {}); // startProcess handles its failure
    await this.settled(`${name} to consume`, worker.untilPrinted("consuming"));
  }

  /** Sends tasks with one `new-task`, and resolves when all of them are confirmed. */
  async send(queue: string, tasks: readonly string[], ...args: string[]): Promise<void> {
    const [only = ""] = tasks;
    const isOne = tasks.length === 1;
    const source = isOne ? ["--", only] : ["--file", "-"];
    const input = isOne ? "" : `${tasks.join("\n")}\n`;
    const common = ["--json", "--queue", queue, ...args];
    const sender = this.startProcess("bin/new-task.js", "new-task", [...common, ...source], input);
    await this.settled("new-task to end", sender.succeeds());
  }

  /** Starts a `new-task` and resolves when it has connected, with what sends tasks then: at once, without a start. */
  async sender(queue: string, ...args: string[]): Promise<(tasks: readonly string[]) => Promise<void>> {
    const common = ["--json", "--queue", queue, ...args, "--file", "-"];
    const sender = this.startProcess("bin/new-task.js", "new-task", common, null);
    await this.settled("new-task to connect", sender.untilPrinted("queue-declared"));
    return async (tasks) => {
      sender.write(`${tasks.join("\n")}\n`);
      await this.settled("new-task to end", sender.succeeds());
    };
  }

  /** Sends a user's file of tasks. @param input the content of standard input, where the path is `-` */
  async sendFile(queue: string, path: string, input?: Buffer): Promise<void> {
    const args = ["--json", "--queue", queue, "--file", path];
    const sender = this.startProcess("bin/new-task.js", "new-task", args, input);
    await this.settled("new-task to end", sender.succeeds());
  }

  /**
   * Starts a script, given relative to `dist/`. If it fails, everything that the lesson waits for rejects.
   * @param input its standard input, complete; null: what is written to it later
   */
  startProcess(
    script: string,
    name: string,
    args: string[],
    input: string | Buffer | null = "",
  ): CommandProcess {
    this.signal.throwIfAborted();
    const onEvent = (event: WorkQueueEvent) => this.#onEvent(event, name);
    const started = new CommandProcess({ script, args, url: this.url, input, onEvent });
    this.#processes.add(started);
    void started.exited.then(
      (code) => this.#observer.onEnd?.(name, code === null),
      () => {},
    );
    started.succeeds().catch((error) => {
      if (!started.signalled) this.#waiting.fail(error);
    });
    return started;
  }

  /** See TimedWaiting. */
  until(what: string, condition: () => boolean, isOver?: () => boolean): Promise<void> {
    return this.#waiting.until(what, condition, isOver);
  }

  /** See TimedWaiting. */
  settled<T>(what: string, promise: Promise<T>): Promise<T> {
    return this.#waiting.settled(what, promise);
  }

  /** As `until`, for a condition on a queue's counts, which is polled. */
  async untilQueue(
    what: string,
    queue: string,
    condition: (counts: QueueCounts) => boolean,
    isOver = () => false,
  ): Promise<void> {
    const quiet = this.#waiting.quiet();
    while (!condition(await this.lookAtQueue(queue))) {
      await this.until(what, () => !isOver(), isOver);
      if (quiet.isTooLong()) throw this.#waiting.tooLong(what);
      await sleep(POLL_MS);
    }
  }

  /**
   * Resolves when everything is done that is asked for. It also resolves when no more can be done: the queue is empty or
   * gone, no worker has a task, and nothing new has happened for a while; or when it has not for too long. The lesson then
   * measures what there is.
   */
  async untilWorked(queue: string, isDone: () => boolean): Promise<void> {
    const { events = [] } = this.parts.at(-1) ?? {};
    const quiet = this.#waiting.quiet();
    let lookedAt = Number.NEGATIVE_INFINITY;
    const isTimeToLook = () => Math.min(quiet.ms(), performance.now() - lookedAt) > QUIET_MS;
    for (;;) {
      await this.#waiting.checking(() => isDone() || isTimeToLook());
      if (isDone() || quiet.isTooLong()) return;
      if (!anyInHand(events) && (await this.isEmpty(queue)) && quiet.ms() > QUIET_MS) return;
      lookedAt = performance.now();
    }
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

  /** Ctrl-C for every worker: resolves when they have finished their tasks and ended. */
  async stopWorkers(): Promise<void> {
    const workers = [...this.#workers.values()];
    this.#workers.clear();
    for (const worker of workers) worker.signal("SIGINT");
    await this.settled("the workers to end", Promise.all(workers.map((worker) => worker.succeeds())));
  }

  /** Whether the broker is a private one. */
  get ownsBroker(): boolean {
    return this.#broker !== undefined;
  }

  /**
   * Has the private broker write what was declared to disk: every lesson that kills it does so before, when its queues
   * are declared. Blocks for about a second.
   */
  saveDeclarations(): void {
    this.#privateBroker().saveDeclarations();
  }

  /** Runs `rabbitmqctl` on the private broker, and returns its output. Blocks for about a second. */
  rabbitmqctl(...args: string[]): string {
    return this.#privateBroker().run("rabbitmqctl", ...args);
  }

  /** Kills the broker, as a power failure would. @throws WorkQueueError USAGE where it is the user's */
  async killBroker(): Promise<void> {
    const at = new Date();
    await this.#privateBroker().kill();
    this.report({ event: "broker-killed", name: BROKER }, at);
  }

  /** Starts it again on its data. `broker-back` gets the time at which the first process was connected again. */
  async restartBroker(): Promise<void> {
    const { events = [] } = this.parts.at(-1) ?? {};
    const before = events.length;
    await this.#privateBroker().restart(this.signal);
    const connected = events.slice(before).find(({ event }) => event === "connected");
    this.report({ event: "broker-back", name: BROKER }, connected?.at ?? new Date());
  }

  /** How many tasks are ready in a queue, and how many consumers it has. */
  lookAtQueue(queue: string): Promise<QueueCounts> {
    return this.#queues.look(queue, this.signal);
  }

  /** Whether no task is ready, or the queue is gone; false where that is not known, because the broker does not answer. */
  async isEmpty(queue: string): Promise<boolean> {
    try {
      return (await this.lookAtQueue(queue)).ready === 0;
    } catch (error) {
      return codeOf(error) === "QUEUE_MISSING";
    }
  }

  /** The same as `task-queue status`. */
  queueStatus(queue: string): Promise<QueueStatus> {
    return this.#queues.status(queue, this.signal);
  }

  /** The same as `task-queue dead`. */
  deadLetters(queue: string): Promise<Letter[]> {
    return this.#queues.deadLetters(queue, this.signal);
  }

  /** The same as `task-queue dead replay --all`. */
  replayDeadLetters(queue: string): Promise<string[]> {
    return this.#queues.replay(queue, this.signal);
  }

  /** Takes all tasks out of a queue without consumers, in order, as text. */
  readQueue(queue: string): Promise<string[]> {
    return this.settled("the tasks in the queue", this.#queues.read(queue));
  }

  /** Adds an event for what the lesson did to workers or broker. */
  report(event: LessonEvent & { name: string }, at = new Date()): void {
    this.#onEvent({ ...event, at } as TimelineEvent, event.name);
  }

  /** Ends all processes, then stops the private broker or deletes the queues; resolves with those that are left. */
  async close(): Promise<LeftQueue[]> {
    this.#workers.clear();
    for (const started of this.#processes) started.signal("SIGKILL");
    await Promise.allSettled([...this.#processes].map(({ exited }) => exited));
    if (this.#broker === undefined) return this.#queues.delete();
    await this.#broker.stop();
    return [];
  }

  #privateBroker(): PrivateBroker {
    if (this.#broker === undefined)
      throw new WorkQueueError("USAGE", "A lesson kills only a broker that it has started.");
    return this.#broker;
  }

  #onEvent(event: TimelineEvent, name: string): void {
    this.#waiting.note(event, name);
    this.parts.at(-1)?.events.push(event);
    this.#observer.onEvent(event, name);
    this.#waiting.check();
  }
}
