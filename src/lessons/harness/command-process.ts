import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkQueueEvent } from "../../engine/events.js";
import { readEvent } from "../../timeline/event-log.js";
import { Waiting } from "./waiting.js";

interface CommandOptions {
  /** A built script, relative to `dist/`. */
  script: string;
  words: string[];
  /** AMQP URL; in the environment, for it may hold a password. */
  url: string;
  /** Standard input; null: what is written to it later. */
  input: string | Buffer | null;
  /** Called with every event it prints. */
  onEvent(event: WorkQueueEvent): void;
}

/** What the user has set for other brokers, taken away: an empty variable is one that is not set. */
const notForLessons = Object.fromEntries(
  ["TASK_QUEUE", "AMQP_PASSWORD_FILE", "AMQP_CA_FILE", "AMQP_CERT_FILE", "AMQP_KEY_FILE"].map((name) => [
    name,
    "",
  ]),
);

/** Ends the process when the lesson is killed and cannot stop it any more: an idle worker would wait forever. */
const exitWithParent =
  '--import=data:text/javascript,process.on("disconnect",()=>process.exit(1)).channel.unref()';

/** A real `worker` or `new-task` of a lesson, followed by its JSON events. */
export class CommandProcess {
  /** The exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #script: string;
  readonly #child: ChildProcess;
  readonly #events: WorkQueueEvent[] = [];
  readonly #waiting = new Waiting();
  #errors = "";
  #gone = false;
  #signalled = false;

  constructor({ script, words, url, input, onEvent }: CommandOptions) {
    this.#script = script;
    const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
    this.#child = spawn(process.execPath, [exitWithParent, path, ...words], {
      detached: true, // Ctrl-C is for the lesson, which then ends its processes
      stdio: ["pipe", "pipe", "pipe", "ipc"],
      env: { ...process.env, ...notForLessons, AMQP_URL: url, TASK_QUEUE_OPEN: "no" },
    });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on("error", () => {}); // it may end without having read
    if (input !== null) stdin?.end(input);
    if (stdout !== null)
      createInterface({ input: stdout }).on("line", (line) => {
        const event = readEvent(line);
        if (event === undefined) return;
        this.#events.push(event);
        onEvent(event);
        this.#waiting.check();
      });
    stderr?.on("data", (text) => {
      this.#errors += text;
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        this.#gone = true;
        this.#waiting.check();
        resolve(code);
      });
    });
  }

  /** Resolves when it has printed such an event; rejects when it ends before. */
  async has(name: WorkQueueEvent["event"]): Promise<void> {
    const printed = () => this.#events.some(({ event }) => event === name);
    await this.#waiting.until(() => printed() || this.#gone);
    if (!printed()) throw this.#failure(`ended before it was ${name}`);
  }

  /** Resolves when it has ended with 0; rejects with what it wrote to stderr otherwise. */
  async succeeds(): Promise<void> {
    const code = await this.exited;
    if (code !== 0) throw this.#failure(code === null ? "was killed" : `ended with exit code ${code}`);
  }

  /** Writes to its standard input, and ends that. */
  write(text: string): void {
    this.#child.stdin?.end(text);
  }

  /** Whether the lesson itself has ended it. */
  get signalled(): boolean {
    return this.#signalled;
  }

  signal(signal: NodeJS.Signals): void {
    this.#signalled = true;
    if (!this.#gone) this.#child.kill(signal);
  }

  #failure(what: string): Error {
    return new Error(`${this.#script} ${what}. ${this.#errors.trim()}`);
  }
}
