import type { TestContext } from "node:test";
import { type Running, start } from "../../support/command.js";

/** How long the processes of a round may run, in ms: less than the test runner's limit of a long one. */
export const ROUND_MS = process.env["CHAOS"] === "long" ? 1_750_000 : 280_000;

/** Several workers, of which any may be killed and replaced, and what they have done. */
export class Crew {
  /** How often each task was done. */
  readonly done = new Map<string, number>();
  /** When tasks were done, in ms of the epoch, in the order in which it was read. */
  readonly doneAt: number[] = [];
  readonly #t: TestContext;
  readonly #words: string[];
  readonly #workers: Running[] = [];

  constructor(t: TestContext, size: number, words: string[]) {
    this.#t = t;
    this.#words = words;
    for (let at = 0; at < size; at++) this.#start(at);
  }

  /** Resolves when so many different tasks are done, or none has been for a minute: what is missing then is lost. */
  hasDone(tasks: number): Promise<void> {
    return new Promise((resolve) => {
      const idle = setTimeout(resolve, 60_000);
      this.#onNext = () => {
        idle.refresh();
        if (this.done.size < tasks) return;
        clearTimeout(idle);
        resolve();
      };
      this.#onNext();
    });
  }

  #onNext = () => {};

  /** Called after every task done. */
  onDone: () => void = () => {};

  /** Kills a worker with SIGKILL; another takes its place. */
  async killWorker(random: () => number): Promise<void> {
    const at = Math.floor(random() * this.#workers.length);
    const victim = this.#workers[at];
    if (victim === undefined) throw new Error("There is no worker.");
    victim.child.kill("SIGKILL");
    await victim.ended; // all it said has been read
    this.#start(at);
  }

  /** Stops them, and resolves with their exit codes. */
  async stop(): Promise<(number | null)[]> {
    // One that has only just been hired does not know the signal yet, and dies of it.
    await Promise.all(
      this.#workers.map((worker) => worker.until(() => worker.stdout !== "", "writing something")),
    );
    for (const worker of this.#workers) worker.child.kill("SIGTERM");
    const ends = await Promise.all(this.#workers.map(({ ended }) => ended));
    return ends.map(({ code }) => code);
  }

  #start(at: number): void {
    const words = [...this.#words, "--name", `worker-${at}`, "--dot", "1ms"];
    this.#workers[at] = start(this.#t, "worker", words, {
      limitMs: ROUND_MS,
      onEvent: (event) => {
        if (event.event !== "task-done") return;
        const task = event.task.text ?? "";
        this.done.set(task, (this.done.get(task) ?? 0) + 1);
        this.doneAt.push(event.at.getTime());
        this.#onNext();
        this.onDone();
      },
    });
  }
}
