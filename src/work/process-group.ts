import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_TIMER } from "../engine/timers.js";

/** How often it is checked whether all processes of a group have ended, in ms. */
const CHECK_MS = 10;

/** How long processes may take to end after SIGKILL, in ms: one that is stuck in the kernel does not. */
const KILLED_MS = 1_000;

/** How long to wait for output when the group has ended, in ms: a process that left the group may keep the pipe open. */
const QUIET_MS = 1_000;

/** How a program ended: with an exit code, or by a signal. */
export interface Ending {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

interface GroupOptions {
  /** The path of the program. */
  program: string;
  /** Its own name, argv[0], and its arguments. */
  words: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
  stdin: Buffer;
  /** From SIGTERM to SIGKILL, in ms. */
  killAfterMs: number;
  /** Called with what it writes, as it comes. Nothing more is read, and the program waits, until its promise resolves. */
  onOutput(stream: "stdout" | "stderr", chunk: Buffer): Promise<void> | undefined;
}

const running = new Set<ProcessGroup>();

/**
 * A program in a process group of its own, which the terminal's Ctrl-C does not reach. It has ended when the program has
 * ended and nothing of its group is left: what outlives the program gets SIGTERM, and SIGKILL after `killAfterMs`.
 */
export class ProcessGroup {
  /** Resolves when it has ended; rejects where it could not be started, as `spawn` does. */
  readonly ended: Promise<Ending>;
  readonly #options: GroupOptions;
  readonly #child: ChildProcess;
  #killAt: number | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #lastOutputAt = 0;

  /** @throws what `spawn` throws at once, E2BIG for instance */
  constructor(options: GroupOptions) {
    this.#options = options;
    const { program, words, env, stdin } = options;
    const [name, ...rest] = words;
    // `detached`: a session of its own, and with it a group that has the program's process id (setsid(2)).
    this.#child = spawn(program, rest, { argv0: name, env, detached: true });
    this.#child.stdin?.on("error", () => {}); // it need not read its input
    this.#child.stdin?.end(stdin);
    for (const stream of ["stdout", "stderr"] as const) {
      const output = this.#child[stream];
      output?.on("data", (chunk: Buffer) => {
        this.#lastOutputAt = performance.now();
        const passedOn = options.onOutput(stream, chunk);
        if (passedOn === undefined || this.#killAt !== undefined) return;
        output.pause();
        void passedOn.then(() => output.resume());
      });
    }
    const closed = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    const exited = new Promise<Ending>((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    });
    running.add(this);
    this.ended = this.#ended(exited, closed);
  }

  /** Ends it: SIGTERM to every process in it, SIGKILL after `killAfterMs`. */
  end(): void {
    if (this.#killAt !== undefined) return;
    for (const output of [this.#child.stdout, this.#child.stderr]) output?.resume(); // what is left of it
    const { killAfterMs } = this.#options;
    this.#killAt = performance.now() + killAfterMs;
    this.#killTimer = setTimeout(() => this.signal("SIGKILL"), Math.min(killAfterMs, LONGEST_TIMER));
    this.signal("SIGTERM");
  }

  /** Sends a signal to every process in it; false where none is left. */
  signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      return process.kill(-pid, signal);
    } catch (error) {
      // EPERM: they are there, and another user's.
      return error instanceof Error && "code" in error && error.code === "EPERM";
    }
  }

  async #ended(exited: Promise<Ending>, closed: Promise<void>): Promise<Ending> {
    try {
      const ending = await exited;
      while (this.signal(0)) {
        this.end();
        if (performance.now() > (this.#killAt ?? 0) + KILLED_MS) break;
        await sleep(CHECK_MS);
      }
      await this.#outputRead(closed);
      return ending;
    } finally {
      clearTimeout(this.#killTimer);
      running.delete(this);
    }
  }

  /** Resolves when both outputs have ended, or nothing has come for a while. */
  async #outputRead(closed: Promise<void>): Promise<void> {
    const over = new AbortController();
    void closed.then(() => over.abort());
    this.#lastOutputAt = performance.now();
    while (!over.signal.aborted) {
      const quiet = performance.now() - this.#lastOutputAt;
      if (quiet >= QUIET_MS) break;
      await sleep(QUIET_MS - quiet + 1, undefined, { signal: over.signal }).catch(() => {});
    }
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }
}

// However the worker ends, but for SIGKILL, nothing of a group outlives it.
process.once("exit", () => {
  for (const group of running) group.signal("SIGKILL");
});
