import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkQueueEvent } from "../../engine/events.js";
import { readEvent } from "../../timeline/event-log.js";
import { Waiting } from "./waiting.js";

export interface ActorOptions {
  /** A built script, relative to `dist/`. */
  script: string;
  words: string[];
  /** AMQP URL; in the environment, for it may hold a password. */
  url: string;
  /** Standard input; null: what it is told later. */
  input: string | Buffer | null;
  onEvent(event: WorkQueueEvent): void;
}

/** What a person has set for a broker of their own, taken away: an empty variable is one that is not set. */
const notForLessons = Object.fromEntries(
  ["TASK_QUEUE", "AMQP_PASSWORD_FILE", "AMQP_CA_FILE", "AMQP_CERT_FILE", "AMQP_KEY_FILE"].map((name) => [
    name,
    "",
  ]),
);

/** Ends an actor whose lesson was killed and cannot tell it any more: an idle worker would wait for ever. */
const leash = '--import=data:text/javascript,process.on("disconnect",()=>process.exit(1)).channel.unref()';

/** One real process of a lesson, heard through its JSON events. */
export class Actor {
  /** The exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #script: string;
  readonly #child: ChildProcess;
  readonly #heard: WorkQueueEvent[] = [];
  readonly #waiting = new Waiting();
  #errors = "";
  #gone = false;
  #signalled = false;

  constructor({ script, words, url, input, onEvent }: ActorOptions) {
    this.#script = script;
    const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
    this.#child = spawn(process.execPath, [leash, path, ...words], {
      detached: true, // Ctrl-C is for the lesson, which then tells its actors
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
        this.#heard.push(event);
        onEvent(event);
        this.#waiting.look();
      });
    stderr?.on("data", (text) => {
      this.#errors += text;
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        this.#gone = true;
        this.#waiting.look();
        resolve(code);
      });
    });
  }

  /** Resolves when it has told of such an event; rejects when it ends before. */
  async has(name: WorkQueueEvent["event"]): Promise<void> {
    const told = () => this.#heard.some(({ event }) => event === name);
    await this.#waiting.until(() => told() || this.#gone);
    if (!told()) throw this.#failure(`ended before it was ${name}`);
  }

  /** Resolves when it has ended with 0; rejects with what it said otherwise. */
  async succeeds(): Promise<void> {
    const code = await this.exited;
    if (code !== 0) throw this.#failure(code === null ? "was killed" : `ended with exit code ${code}`);
  }

  /** Writes to its standard input. */
  say(text: string): void {
    this.#child.stdin?.end(text);
  }

  /** Whether the lesson has had its end in mind. */
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
