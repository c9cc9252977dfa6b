import { setTimeout as sleep } from "node:timers/promises";
import { PrivateBroker } from "../../broker/private-broker.js";
import { BrokerUrl } from "../../engine/connection/broker-url.js";
import { withChannel } from "../../engine/connection/with-connection.js";
import { WorkQueueError } from "../../engine/errors.js";
import type { WorkQueueEvent } from "../../engine/events.js";
import type { QueueCounts } from "../../engine/manage/queue-operations.js";
import { BROKER } from "../../timeline/timeline.js";
import type { LessonEvent, StageEvent } from "../../timeline/timeline-event.js";
import { Actor } from "./command-process.js";
import { type LeftQueue, LessonQueues } from "./lesson-queues.js";
import { Waiting } from "./waiting.js";

/** How long to pause between two looks at a queue, in ms. */
const LOOK_EVERY = 20;

/** A part of a lesson that is drawn as one timeline. */
export interface Run {
  title: string;
  events: LessonEvent[];
}

/** Who watches: told of every event there and then. */
export interface Audience {
  begins(run: Run): void;
  hears(event: LessonEvent, speaker: string): void;
}

export interface StageOptions {
  /** Somebody's broker; without one, a private broker is started. */
  url: string | undefined;
  /** Work per dot, in ms. */
  dotMs: number;
  /** Aborted: whatever goes on rejects; `close` clears up. */
  signal: AbortSignal;
  audience: Audience;
}

/** The broker, the queues and the processes of a lesson. */
export class Stage {
  readonly runs: Run[] = [];
  readonly dotMs: number;
  readonly signal: AbortSignal;
  readonly url: string;
  readonly #audience: Audience;
  readonly #broker: PrivateBroker | undefined;
  readonly #workers = new Map<string, Actor>();
  readonly #actors = new Set<Actor>();
  readonly #queues: LessonQueues;
  readonly #waiting = new Waiting();

  private constructor({ dotMs, signal, audience }: StageOptions, url: string, broker?: PrivateBroker) {
    this.dotMs = dotMs;
    this.signal = signal;
    this.url = url;
    this.#audience = audience;
    this.#broker = broker;
    this.#queues = new LessonQueues(new BrokerUrl(url));
    signal.addEventListener("abort", () => this.#waiting.fail(signal.reason), { once: true });
  }

  /** @throws WorkQueueError BROKER_START, or as a first connection does */
  static async open(options: StageOptions): Promise<Stage> {
    const { url, signal } = options;
    if (url !== undefined) {
      await withChannel(new BrokerUrl(url), signal, async () => {}); // told before anything starts
      return new Stage(options, url);
    }
    const broker = await PrivateBroker.start({ signal });
    return new Stage(options, broker.url, broker);
  }

  /** Begins a run: what is told from now on belongs to it. */
  begin(title: string): Run {
    const run = { title, events: [] };
    this.runs.push(run);
    this.#audience.begins(run);
    return run;
  }

  /** A name for a queue of this lesson's own, deleted when the stage is closed. */
  newQueue(purpose: string): string {
    return this.#queues.add(purpose);
  }

  /** Starts a worker, and resolves when it takes tasks. */
  async worker(name: string, queue: string, ...words: string[]): Promise<void> {
    const dot = ["--dot", `${this.dotMs}ms`];
    const actor = this.enter("bin/worker.js", name, [
      "--json",
      "--queue",
      queue,
      "--name",
      name,
      ...dot,
      ...words,
    ]);
    this.#workers.set(name, actor);
    // A worker goes on until it is told to end.
    const early = () => {
      if (!actor.signalled) this.#waiting.fail(new Error(`${name} ended by itself.`));
    };
    actor.succeeds().then(early, () => {}); // told by `enter`
    await this.orFailed(actor.has("consuming"));
  }

  /** Sends tasks with one `new-task`, and resolves when all of them are confirmed. */
  async send(queue: string, tasks: readonly string[], ...words: string[]): Promise<void> {
    const [only = ""] = tasks;
    const json = ["--json", "--queue", queue, ...words];
    const actor =
      tasks.length === 1
        ? this.enter("bin/new-task.js", "new-task", [...json, "--", only])
        : this.enter("bin/new-task.js", "new-task", [...json, "--file", "-"], `${tasks.join("\n")}\n`);
    await this.orFailed(actor.succeeds());
  }

  /** Sends a user's file of tasks. @param input standard input, where the path is `-` */
  async sendFile(queue: string, path: string, input?: Buffer): Promise<void> {
    const words = ["--json", "--queue", queue, "--file", path];
    await this.orFailed(this.enter("bin/new-task.js", "new-task", words, input).succeeds());
  }

  /**
   * Starts a script, given relative to `dist/`. That it fails is the lesson's failure too, or that would wait for ever.
   * @param input its standard input; null: what it is told later
   */
  enter(script: string, speaker: string, words: string[], input: string | Buffer | null = ""): Actor {
    this.signal.throwIfAborted();
    const onEvent = (event: WorkQueueEvent) => this.#hear(event, speaker);
    const actor = new Actor({ script, words, url: this.url, input, onEvent });
    this.#actors.add(actor);
    actor.succeeds().catch((error) => {
      if (!actor.signalled) this.#waiting.fail(error);
    });
    return actor;
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
    while (!condition(await this.look(queue))) {
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
    const actor = this.#workers.get(name);
    this.#workers.delete(name);
    const at = new Date();
    actor?.signal("SIGKILL");
    await actor?.exited;
    this.tell({ event: "worker-killed", name }, at);
  }

  /** Ctrl-C for every worker: resolves when they have finished what they had in hand. */
  async dismissWorkers(): Promise<void> {
    const actors = [...this.#workers.values()];
    this.#workers.clear();
    for (const actor of actors) actor.signal("SIGINT");
    await this.orFailed(Promise.all(actors.map((actor) => actor.succeeds())));
  }

  /** Ends the broker as a power failure would. */
  async killBroker(): Promise<void> {
    const at = new Date();
    await this.#ownBroker().kill();
    this.tell({ event: "broker-killed", name: BROKER }, at);
  }

  /** Starts it again on its data. It is back when it lets somebody in. */
  async restartBroker(): Promise<void> {
    const { events = [] } = this.runs.at(-1) ?? {};
    const heard = events.length;
    await this.#ownBroker().restart(this.signal);
    const entered = events.slice(heard).find(({ event }) => event === "connected");
    this.tell({ event: "broker-back", name: BROKER }, entered?.at ?? new Date());
  }

  /** How many tasks wait in a queue, and how many workers listen. */
  look(queue: string): Promise<QueueCounts> {
    return this.#queues.look(queue, this.signal);
  }

  /** Tells of what was done to somebody. */
  tell(event: StageEvent & { name: string }, at = new Date()): void {
    this.#hear({ ...event, at } as LessonEvent, event.name);
  }

  /** Ends everybody, stops a broker of the lesson's own, or deletes the queues: resolves with those it could not. */
  async close(): Promise<LeftQueue[]> {
    this.#workers.clear();
    for (const actor of this.#actors) actor.signal("SIGKILL");
    await Promise.allSettled([...this.#actors].map(({ exited }) => exited));
    if (this.#broker === undefined) return this.#queues.delete();
    await this.#broker.stop();
    return [];
  }

  #ownBroker(): PrivateBroker {
    if (this.#broker === undefined)
      throw new WorkQueueError("USAGE", "A broker that the lesson has not started is not killed.");
    return this.#broker;
  }

  #hear(event: LessonEvent, speaker: string): void {
    this.runs.at(-1)?.events.push(event);
    this.#audience.hears(event, speaker);
    this.#waiting.look();
  }
}
