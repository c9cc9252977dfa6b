import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Running, start } from "../support/command.js";

/** Several workers, of which any may be killed and replaced, and what they have done. */
export class Crew {
  /** How often each task was done. */
  readonly done = new Map<string, number>();
  /** When tasks were done, in ms of the epoch, in the order in which it was read. */
  readonly doneAt: number[] = [];
  readonly #t: TestContext;
  readonly #words: string[];
  readonly #workers: Running[] = [];
  #look = () => {};

  constructor(t: TestContext, size: number, words: string[]) {
    this.#t = t;
    this.#words = words;
    for (let at = 0; at < size; at++) this.#hire(at);
  }

  /** Resolves when so many different tasks are done. */
  async hasDone(tasks: number): Promise<void> {
    while (this.done.size < tasks)
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
  }

  /** Resolves when no task has been done for a minute: what is still missing then is lost. */
  async isIdle(): Promise<void> {
    let done = -1;
    while (done < this.doneAt.length) {
      done = this.doneAt.length;
      await sleep(60_000, undefined, { ref: false });
    }
  }

  /** Called after every task done. */
  onDone: () => void = () => {};

  /** Kills a worker with SIGKILL; another takes its place. */
  async killWorker(random: () => number): Promise<void> {
    const at = Math.floor(random() * this.#workers.length);
    const victim = this.#workers[at];
    if (victim === undefined) throw new Error("There is no worker.");
    victim.child.kill("SIGKILL");
    await victim.ended; // all it said has been read
    this.#hire(at);
  }

  /** Sends them home, and resolves with their exit codes. */
  async stop(): Promise<(number | null)[]> {
    // One that has only just been hired does not know the signal yet, and dies of it.
    await Promise.all(this.#workers.map((worker) => worker.until(() => worker.stdout !== "", "a word")));
    for (const worker of this.#workers) worker.child.kill("SIGTERM");
    const ends = await Promise.all(this.#workers.map(({ ended }) => ended));
    return ends.map(({ code }) => code);
  }

  #hire(at: number): void {
    const words = [...this.#words, "--name", `worker-${at}`, "--dot", "1ms"];
    this.#workers[at] = start(this.#t, "worker", words, {
      onEvent: (event) => {
        if (event.event !== "task-done") return;
        const task = event.task.text ?? "";
        this.done.set(task, (this.done.get(task) ?? 0) + 1);
        this.doneAt.push(event.at.getTime());
        this.#look();
        this.onDone();
      },
    });
  }
}
