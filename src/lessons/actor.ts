import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkQueueEvent } from "../queue/events.js";
import { readEvent } from "./event-log.js";

/** One real `worker` or `new-task` process of a lesson, heard through its JSON events. */
export class Actor {
  /** The exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #command: string;
  readonly #child: ChildProcess;
  readonly #heard: WorkQueueEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #errors = "";
  #gone = false;

  constructor(command: "worker" | "new-task", words: string[], onEvent: (event: WorkQueueEvent) => void) {
    this.#command = command;
    const script = fileURLToPath(new URL(`../bin/${command}.js`, import.meta.url));
    this.#child = spawn(process.execPath, [script, "--json", ...words], {
      // Ctrl-C is for the lesson, which then tells its actors; and one whose output nobody reads stops by itself.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, AMQP_URL: "", TASK_QUEUE: "", TASK_QUEUE_OPEN: "no" },
    });
    const { stdout, stderr } = this.#child;
    if (stdout !== null)
      createInterface({ input: stdout }).on("line", (line) => {
        const event = readEvent(line);
        if (event === undefined) return;
        this.#heard.push(event);
        onEvent(event);
        this.#wake();
      });
    stderr?.on("data", (text) => {
      this.#errors += text;
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        this.#gone = true;
        this.#wake();
        resolve(code);
      });
    });
  }

  /** Resolves when it has told of such an event; rejects when it ends before. */
  async has(name: WorkQueueEvent["event"]): Promise<void> {
    while (!this.#heard.some(({ event }) => event === name)) {
      if (this.#gone) throw new Error(`${this.#command} ended before it was ${name}. ${this.#errors.trim()}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when it has ended with 0; rejects with what it said otherwise. */
  async succeeds(): Promise<void> {
    const code = await this.exited;
    if (code !== 0) throw new Error(`${this.#command} ended with exit code ${code}. ${this.#errors.trim()}`);
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#gone) this.#child.kill(signal);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
