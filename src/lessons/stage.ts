import { randomUUID } from "node:crypto";
import { PrivateBroker } from "../broker/private-broker.js";
import { BrokerUrl } from "../queue/broker-url.js";
import { WorkQueueError } from "../queue/errors.js";
import type { WorkQueueEvent } from "../queue/events.js";
import { Actor } from "./actor.js";
import type { LessonEvent, StageEvent } from "./lesson-event.js";
import { openChannel } from "./open-channel.js";
import { BROKER } from "./timeline.js";

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
  readonly #queues: string[] = [];
  readonly #waiting = new Set<() => void>();
  #failure: unknown;

  private constructor({ dotMs, signal, audience }: StageOptions, url: string, broker?: PrivateBroker) {
    this.dotMs = dotMs;
    this.signal = signal;
    this.url = url;
    this.#audience = audience;
    this.#broker = broker;
    signal.addEventListener("abort", () => this.#fail(signal.reason), { once: true });
  }

  /** @throws WorkQueueError BROKER_START, or as a first connection does */
  static async open(options: StageOptions): Promise<Stage> {
    const { url, signal } = options;
    if (url !== undefined) {
      await (await openChannel(new BrokerUrl(url))).close(); // told before anything starts
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
    const name = `lesson-${purpose}-${randomUUID().slice(0, 8)}`;
    this.#queues.push(name);
    return name;
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
    // A worker ends when it is told to: any other end is the lesson's too, or it would wait for ever.
    actor.exited.then(
      (code) => {
        if (this.#workers.get(name) === actor) this.#fail(new Error(`${name} ended with exit code ${code}.`));
      },
      (error) => this.#fail(error),
    );
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

  /** Sends a user's file of tasks. */
  async sendFile(queue: string, path: string): Promise<void> {
    const words = ["--json", "--queue", queue, "--file", path];
    await this.orFailed(this.enter("bin/new-task.js", "new-task", words).succeeds());
  }

  /** Starts a script, given relative to `dist/`. @param input its standard input; null: what it is told later */
  enter(script: string, speaker: string, words: string[], input: string | null = ""): Actor {
    this.signal.throwIfAborted();
    const onEvent = (event: WorkQueueEvent) => this.#hear(event, speaker);
    const actor = new Actor({ script, words, url: this.url, input, onEvent });
    this.#actors.add(actor);
    return actor;
  }

  /** Resolves when the condition holds; looked at with everything that is told. */
  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (condition()) return;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Waits for a promise, but not beyond a failure or the lesson's end. */
  async orFailed(promise: Promise<unknown>): Promise<void> {
    let settled = false;
    const settle = () => {
      settled = true;
      this.#wake();
    };
    promise.then(settle, settle);
    await this.until(() => settled);
    await promise;
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
  async look(queue: string): Promise<{ ready: number; workers: number }> {
    this.signal.throwIfAborted();
    const { channel, close } = await openChannel(new BrokerUrl(this.url));
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      return { ready: messageCount, workers: consumerCount };
    } finally {
      await close();
    }
  }

  /** Tells of what was done to somebody. */
  tell(event: StageEvent & { name: string }, at = new Date()): void {
    this.#hear({ ...event, at } as LessonEvent, event.name);
  }

  /** Ends everybody, deletes the queues on somebody's broker, stops one of the lesson's own. */
  async close(): Promise<void> {
    this.#workers.clear();
    for (const actor of this.#actors) actor.signal("SIGKILL");
    await Promise.allSettled([...this.#actors].map(({ exited }) => exited));
    if (this.#broker !== undefined) await this.#broker.stop();
    else if (this.#queues.length > 0) {
      const { channel, close } = await openChannel(new BrokerUrl(this.url));
      for (const queue of this.#queues) await channel.deleteQueue(queue);
      await close();
    }
  }

  #ownBroker(): PrivateBroker {
    if (this.#broker === undefined)
      throw new WorkQueueError("USAGE", "A broker that the lesson has not started is not killed.");
    return this.#broker;
  }

  #hear(event: LessonEvent, speaker: string): void {
    this.runs.at(-1)?.events.push(event);
    this.#audience.hears(event, speaker);
    this.#wake();
  }

  #fail(reason: unknown): void {
    this.#failure ??= reason;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
