import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cleanup } from "../broker/cleanup.js";
import type { WorkQueueEvent } from "../engine/events.js";
import { CommandProcess } from "../lessons/harness/command-process.js";

/** How a worker is started from the page. */
export interface WorkerSettings {
  prefetch: number;
  concurrency: number;
  dotMs: number;
}

/** What one can do to a worker that the page has started. */
export type WorkerAction = "interrupt" | "kill" | "pause" | "resume";

const signals = { interrupt: "SIGINT", kill: "SIGKILL", pause: "SIGSTOP", resume: "SIGCONT" } as const;

interface CrewOptions {
  /** AMQP URL with its password, and what else the commands need to connect: given to them in their environment. */
  url: string;
  env: NodeJS.ProcessEnv;
  queue: string;
  onWorkerEvent(name: string, event: WorkQueueEvent): void;
  /** @param how it was ended by a signal of the page's, by itself, or failed */
  onWorkerEnd(name: string, how: "stopped" | "killed" | "failed"): void;
  onSenderEvent(event: WorkQueueEvent): void;
  /** A process could not do what it was started for. */
  onFailure(what: string): void;
}

/** The workers and senders that the page has started. They end with it, even if it is killed. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #workers = new Map<string, CommandProcess>();
  readonly #senders = new Set<CommandProcess>();
  readonly #directory = mkdtempSync(join(tmpdir(), "task-queue-live-"));
  // A paused process does not notice that its parent is gone: the clean-up process kills it.
  readonly #cleanup = new Cleanup();
  #number = 0;
  #files = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#note();
  }

  /** The name that the next worker gets. */
  nextName(): string {
    return `worker-${++this.#number}`;
  }

  has(name: string): boolean {
    return this.#workers.has(name);
  }

  get size(): number {
    return this.#workers.size;
  }

  start(name: string, { prefetch, concurrency, dotMs }: WorkerSettings): void {
    const { queue, onWorkerEvent } = this.#options;
    const numbers = [
      "--prefetch",
      String(prefetch),
      "--concurrency",
      String(concurrency),
      "--dot",
      `${dotMs}ms`,
    ];
    const worker = this.#process("bin/worker.js", ["--queue", queue, "--name", name, ...numbers], (event) =>
      onWorkerEvent(name, event),
    );
    this.#workers.set(name, worker);
    this.#note();
    void this.#follow(name, worker);
  }

  async #follow(name: string, worker: CommandProcess): Promise<void> {
    const { onWorkerEnd, onFailure } = this.#options;
    // Null: a signal ended it, this page's or another.
    const code = await worker.exited.catch(() => 1);
    if (code !== null) await worker.succeeds().catch((error: Error) => onFailure(error.message));
    this.#workers.delete(name);
    this.#note();
    onWorkerEnd(name, code === null ? "killed" : code === 0 ? "stopped" : "failed");
  }

  act(name: string, action: WorkerAction): void {
    const worker = this.#workers.get(name);
    // A paused one would take Ctrl-C only when it goes on.
    if (action === "interrupt") worker?.signal("SIGCONT");
    worker?.signal(signals[action]);
  }

  /** Sends one task with new-task. */
  send(text: string): void {
    this.#send(["--", text]);
  }

  /** Sends tasks, one per line, or per row of a CSV. */
  sendFile(content: string, kind: "txt" | "csv"): void {
    const path = join(this.#directory, `tasks-${++this.#files}.${kind}`);
    writeFileSync(path, content);
    void this.#send(["--file", path]).finally(() => rmSync(path, { force: true }));
  }

  async #send(args: string[]): Promise<void> {
    const { queue, onSenderEvent, onFailure } = this.#options;
    const sender = this.#process("bin/new-task.js", ["--queue", queue, ...args], onSenderEvent);
    this.#senders.add(sender);
    this.#note();
    await sender.succeeds().catch((error: Error) => {
      if (!sender.signalled) onFailure(error.message);
    });
    this.#senders.delete(sender);
    this.#note();
  }

  /** Ctrl-C for every worker: resolves when they have finished their tasks. */
  async stop(): Promise<void> {
    for (const name of this.#workers.keys()) this.act(name, "interrupt");
    await Promise.allSettled([...this.#workers.values()].map(({ exited }) => exited));
  }

  /** Kills what still runs, and leaves nothing behind. */
  async close(): Promise<void> {
    const all = [...this.#workers.values(), ...this.#senders];
    for (const one of all) one.signal("SIGKILL");
    await Promise.allSettled(all.map(({ exited }) => exited));
    await this.#cleanup.run();
  }

  #process(script: string, args: string[], onEvent: (event: WorkQueueEvent) => void): CommandProcess {
    const { url, env } = this.#options;
    return new CommandProcess({ script, args: ["--json", ...args], url, env, input: "", onEvent });
  }

  #note(): void {
    const groups = [...this.#workers.values(), ...this.#senders].flatMap(({ pid }) =>
      pid === undefined ? [] : [pid],
    );
    this.#cleanup.note({ groups, containers: [], directory: this.#directory });
  }
}
