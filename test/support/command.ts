import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import type { WorkQueueEvent } from "#dist/engine/events.js";
import { readEvent } from "#dist/timeline/event-log.js";
import { until } from "./deadline.js";
import { brokerUrl } from "./queue.js";
import { Recorder } from "./recorder.js";
import type { Scope } from "./scope.js";

export type CommandName = "new-task" | "worker" | "task-queue";

/** The built script of a command. */
export const script = (command: CommandName): string =>
  fileURLToPath(new URL(`../../../dist/bin/${command}.js`, import.meta.url));

/** What a user's shell would set: the broker, and none of the variables that change colours or questions. */
function userEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { CI, NO_COLOR, FORCE_COLOR, TASK_QUEUE, TASK_QUEUE_OPEN, DEBUG, ...env } = process.env;
  return { ...env, AMQP_URL: brokerUrl, ...extra };
}

interface RunOptions {
  env?: NodeJS.ProcessEnv;
  stdin?: string | Buffer;
  /** Called with each line of stdout. */
  onLine?(line: string): void;
  /** Called with every event, where it was started with --json. */
  onEvent?(event: WorkQueueEvent): void;
  /** How long it may run, in ms; then it is killed, and its stderr says so. Default: two minutes. */
  limitMs?: number;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A built command as a user starts it; killed with the test, should it still run then. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Its events, where it was started with --json. */
  readonly recorder = new Recorder();
  stdout = "";
  stderr = "";
  readonly #checks = new Set<() => void>();
  #over = false;

  constructor(t: Scope, program: string, words: string[], options: RunOptions = {}) {
    const { env, stdin, onLine, onEvent, limitMs = 120_000 } = options;
    // Its own folder: nothing may depend on the one it is started in.
    const child = spawn(program, words, { cwd: tmpdir(), env: userEnv(env) });
    this.child = child;
    child.stdin.on("error", () => {}); // it may end without having read
    if (stdin !== undefined) child.stdin.end(stdin);
    let line = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      line += text;
      const lines = text.includes("\n") ? line.split("\n") : [line]; // a line may be 100 MB, in chunks of 64 KiB
      line = lines.pop() ?? "";
      for (const one of lines) {
        onLine?.(one);
        const event = readEvent(one);
        if (event === undefined) continue;
        this.recorder.add(event);
        onEvent?.(event);
      }
      this.#check();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#check();
    });
    const tooLong = setTimeout(() => {
      this.stderr += `[test] killed: it still ran after ${limitMs / 1_000} s\n`;
      child.kill("SIGKILL");
    }, limitMs);
    this.ended = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        clearTimeout(tooLong);
        this.#over = true;
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
        this.#check();
      });
    });
    t.after(() => child.kill("SIGKILL"));
  }

  /** Resolves when stdout or stderr has such a text; rejects when the command ends without it, or after a minute. */
  says(pattern: RegExp | string): Promise<void> {
    return this.until(() => {
      const all = this.stdout + this.stderr;
      return typeof pattern === "string" ? all.includes(pattern) : pattern.test(all);
    }, `saying ${pattern}`);
  }

  /** Resolves when that is so of what it has written; rejects when the command ends before, or after a minute. */
  until(condition: () => boolean, what = "what was waited for"): Promise<void> {
    const onChange = (check: () => void) => {
      this.#checks.add(check);
      return () => this.#checks.delete(check);
    };
    const written = () => `It wrote:\n${this.stdout.slice(-2_000)}${this.stderr.slice(-2_000)}`;
    const holds = () => {
      if (condition()) return true;
      if (this.#over) throw new Error(`It ended without ${what}. ${written()}`);
      return false;
    };
    return until(what, holds, onChange, written);
  }

  #check(): void {
    for (const check of this.#checks) check();
  }
}

/** Starts a built command with node. */
export function start(t: Scope, command: CommandName, words: string[], options: RunOptions = {}): Running {
  return new Running(t, process.execPath, [script(command), ...words], options);
}

/** Runs a built command to its end; standard input is empty unless given. */
export function run(
  t: Scope,
  command: CommandName,
  words: string[],
  options: RunOptions = {},
): Promise<Ended> {
  return start(t, command, words, { stdin: "", ...options }).ended;
}
