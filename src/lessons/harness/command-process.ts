import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { WorkQueueEvent } from "../../engine/events.js";
import { readEvent } from "../../timeline/event-log.js";
import { Waiting } from "./waiting.js";

interface CommandOptions {
  /** A built script, relative to `dist/`. */
  script: string;
  args: string[];
  /** AMQP URL; passed in the environment, because it may contain a password. */
  url: string;
  /** Variables besides the usual ones. Default: none. */
  env?: NodeJS.ProcessEnv;
  /** Standard input, complete; null: what `write` is given later. */
  input: string | Buffer | null;
  /** Called with every event that it prints, in order. */
  onEvent(event: WorkQueueEvent): void;
}

/** The user's settings for other brokers, unset: an empty variable counts as not set. */
const unsetVariables = Object.fromEntries(
  ["TASK_QUEUE", "AMQP_PASSWORD_FILE", "AMQP_CA_FILE", "AMQP_CERT_FILE", "AMQP_KEY_FILE"].map((name) => [
    name,
    "",
  ]),
);

/** Ends the process when the lesson is killed and cannot stop it: an idle worker would run forever. */
const exitWithParent =
  '--import=data:text/javascript,process.on("disconnect",()=>process.exit(1)).channel.unref()';

/** How much of what it writes to stderr is kept for an error, in characters. */
const LONGEST_ERROR = 4_000;

/** A `worker`, `new-task` or other script that a lesson runs, with the JSON events that it prints. */
export class CommandProcess {
  /** The exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #script: string;
  readonly #child: ChildProcess;
  /** The names of the events that it has printed; they may be millions. */
  readonly #printed = new Set<WorkQueueEvent["event"]>();
  readonly #waiting = new Waiting();
  #errors = "";
  #ended = false;
  #signalled = false;

  constructor({ script, args, url, env, input, onEvent }: CommandOptions) {
    this.#script = script;
    const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
    this.#child = spawn(process.execPath, [exitWithParent, path, ...args], {
      detached: true, // so that Ctrl-C reaches only the lesson, which then ends its processes
      stdio: ["pipe", "pipe", "pipe", "ipc"],
      env: { ...process.env, ...unsetVariables, ...env, AMQP_URL: url, TASK_QUEUE_OPEN: "no" },
    });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on("error", () => {}); // the process may end without reading its input
    if (input !== null) stdin?.end(input);
    if (stdout !== null)
      createInterface({ input: stdout }).on("line", (line) => {
        const event = readEvent(line);
        if (event === undefined) return;
        this.#printed.add(event.event);
        onEvent(event);
        this.#waiting.check();
      });
    stderr?.on("data", (text) => {
      this.#errors = (this.#errors + text).slice(-LONGEST_ERROR);
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code) => {
        this.#ended = true;
        this.#waiting.check();
        resolve(code);
      });
    });
  }

  /** Resolves when it has printed an event of this name; rejects when it ends without. */
  async untilPrinted(name: WorkQueueEvent["event"]): Promise<void> {
    const printed = () => this.#printed.has(name);
    await this.#waiting.until(() => printed() || this.#ended);
    if (!printed()) throw this.#failure(`ended before it was ${name}`);
  }

  /** Resolves when it has ended with exit code 0; otherwise rejects, with what it wrote to stderr. */
  async succeeds(): Promise<void> {
    const code = await this.exited;
    if (code !== 0) throw this.#failure(code === null ? "was killed" : `ended with exit code ${code}`);
  }

  /** Writes to its standard input, and closes it. */
  write(text: string): void {
    this.#child.stdin?.end(text);
  }

  /** Its process group too; undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether the lesson has sent it a signal. */
  get signalled(): boolean {
    return this.#signalled;
  }

  signal(signal: NodeJS.Signals): void {
    this.#signalled = true;
    if (!this.#ended) this.#child.kill(signal);
  }

  #failure(what: string): Error {
    return new Error(`${this.#script} ${what}. ${this.#errors.trim()}`);
  }
}
