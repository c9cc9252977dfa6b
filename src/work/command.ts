import { constants } from "node:os";
import type { Handler, HandlerContext } from "../engine/consume/task-runner.js";
import { codeOf, reasonOf } from "../engine/errors.js";
import type { Report } from "../engine/events.js";
import { DeadLetter, NotAttempted } from "../engine/retry/dead-letter.js";
import type { Task } from "../engine/task.js";
import { LONGEST_TIMER } from "../engine/timers.js";
import { durationText } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { OutputEnd, OutputLines } from "./output-lines.js";
import { type Ending, ProcessGroup } from "./process-group.js";
import { findProgram } from "./program.js";

/** Stands for the task's body in an argument. */
const BODY = "{}";

/** The longest argument that Linux passes to a program, with its closing NUL, in bytes (execve(2), MAX_ARG_STRLEN). */
const LONGEST_ARGUMENT = 128 * 1024;

/** The exit codes with which a shell says that it cannot execute, or cannot find, a program (POSIX, sh). */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

export interface CommandOptions {
  /** The program's name as it was given, and its arguments; `{}` in an argument stands for the body. */
  words: readonly [string, ...string[]];
  /** A command that takes longer has failed, in ms; undefined: no limit. */
  timeoutMs: number | undefined;
  /** From SIGTERM to SIGKILL, in ms. */
  killAfterMs: number;
  /** Exit codes that make the task a dead letter. */
  deadOn: ReadonlySet<number>;
  queue: string;
  /** The worker's name. */
  name: string;
  /** The environment to start from. */
  env: NodeJS.ProcessEnv;
  /** Receives `task-output` for each line that a command writes. */
  report: Report;
  /** Resolves when what was reported is written; undefined where it is already. Commands wait for it, or memory would fill. */
  written(): Promise<void> | undefined;
  /** Called when the program cannot be run, which is not the task's fault: the worker has to stop. */
  unusable(reason: string): void;
}

/** An attempt that failed: `message` has how the command ended, and the end of its stderr. */
class CommandFailed extends Error {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;

  constructor(reason: string, { exitCode, signal }: Ending) {
    super(reason);
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

/** Works tasks with a command: one process group for each, with the body on standard input. */
export class CommandWork {
  readonly #options: CommandOptions;
  /** Its path. */
  readonly #program: string;
  readonly #env: NodeJS.ProcessEnv;
  /** Groups that are to end, of tasks that are no longer this worker's. */
  readonly #ending = new Set<Promise<unknown>>();

  /** Looks the program up. @throws WorkQueueError COMMAND where it cannot be run */
  static async prepare(options: CommandOptions): Promise<CommandWork> {
    return new CommandWork(options, await findProgram(options.words[0], options.env["PATH"] ?? ""));
  }

  private constructor(options: CommandOptions, program: string) {
    this.#options = options;
    this.#program = program;
    // The URL, and the names of files with passwords and keys, are none of the command's business.
    const kept = Object.entries(options.env).filter(([name]) => !name.toUpperCase().startsWith("AMQP_"));
    this.#env = { ...Object.fromEntries(kept), TASK_QUEUE: options.queue, TASK_WORKER: options.name };
  }

  /** Resolves when nothing is left of commands that were given up. */
  async ended(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  readonly handler: Handler = async (task, context) => {
    const words = withBody(this.#options.words, task);
    // A task that comes back after a lost connection must not meet its own command, still ending.
    await this.ended();
    const { signal } = context;
    signal.throwIfAborted();
    const { timeoutMs, deadOn } = this.#options;
    const stderr = new OutputEnd();
    const group = this.#start(words, task, context, stderr);
    let isLate = false;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () => {
              isLate = true;
              group.end();
            },
            Math.min(timeoutMs, LONGEST_TIMER),
          );
    const abandon = () => {
      const ended = group.ended.catch(() => {}).finally(() => this.#ending.delete(ended));
      this.#ending.add(ended);
      group.end();
    };
    signal.addEventListener("abort", abandon, { once: true });
    let ending: Ending;
    try {
      ending = await group.ended;
    } catch (error) {
      throw this.#notStarted(error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abandon);
    }
    signal.throwIfAborted();
    const { exitCode } = ending;
    const late = isLate ? `took longer than ${durationText(timeoutMs ?? 0)}` : undefined;
    if (late === undefined && exitCode === 0) return;
    const reason = reasonText(late ?? howEnded(ending), stderr.toString());
    if (late === undefined && exitCode !== null && deadOn.has(exitCode))
      throw Object.assign(new DeadLetter(reason), ending);
    if (late === undefined && (exitCode === NOT_EXECUTABLE || exitCode === NOT_FOUND))
      throw this.#unusable(reason);
    throw new CommandFailed(reason, late === undefined ? ending : { exitCode: null, signal: null });
  };

  #start(
    words: readonly [string, ...string[]],
    task: Task,
    { attempt, redelivered }: HandlerContext,
    stderr: OutputEnd,
  ): ProcessGroup {
    const { killAfterMs, report, written } = this.#options;
    const lines = {
      stdout: new OutputLines((text) => report({ event: "task-output", task, stream: "stdout", text })),
      stderr: new OutputLines((text) => report({ event: "task-output", task, stream: "stderr", text })),
    };
    const env = {
      ...this.#env,
      TASK_ID: task.id.includes("\0") ? printable(task.id) : task.id, // no variable can hold a NUL
      TASK_BYTES: String(task.bytes), // a worker that is killed leaves its command running, with a part of its input
      TASK_ATTEMPT: String(attempt),
      TASK_REDELIVERED: redelivered ? "1" : "0",
    };
    try {
      const group = new ProcessGroup({
        program: this.#program,
        words,
        env,
        stdin: task.body,
        killAfterMs,
        onOutput: (stream, chunk) => {
          if (stream === "stderr") stderr.write(chunk);
          lines[stream].write(chunk);
          return written();
        },
      });
      const endLines = () => {
        lines.stdout.end();
        lines.stderr.end();
      };
      group.ended.then(endLines, () => {});
      return group;
    } catch (error) {
      throw this.#notStarted(error);
    }
  }

  /** What to throw where the system starts no process. */
  #notStarted(error: unknown): Error {
    const code = codeOf(error);
    const { words } = this.#options;
    if (code === "E2BIG" && words.some((word) => word.includes(BODY)))
      return new DeadLetter(`its body is too long for an argument (${reasonOf(error)})`);
    // Out of processes, descriptors or memory: that may pass.
    if (code === "EAGAIN" || code === "EMFILE" || code === "ENFILE" || code === "ENOMEM")
      return new Error(`not started: ${reasonOf(error)}`);
    const interpreter =
      code === "ENOENT" ? "; is it there still, and the interpreter in its first line?" : "";
    return this.#unusable(`"${words[0]}" cannot be started: ${reasonOf(error)}${interpreter}`);
  }

  #unusable(reason: string): NotAttempted {
    this.#options.unusable(reason);
    return new NotAttempted(reason);
  }
}

/** @throws DeadLetter where the body cannot be an argument */
function withBody([name, ...rest]: readonly [string, ...string[]], task: Task): [string, ...string[]] {
  if (!rest.some((word) => word.includes(BODY))) return [name, ...rest];
  const { text } = task;
  const cannot = (why: string) => new DeadLetter(`its body cannot be an argument ({}): it ${why}`);
  if (text === undefined) throw cannot("is not valid UTF-8");
  if (text.includes("\0")) throw cannot("has a NUL in it");
  const words = rest.map((word) => word.replaceAll(BODY, () => text));
  if (words.some((word) => Buffer.byteLength(word) >= LONGEST_ARGUMENT))
    throw cannot(`has ${task.bytes} bytes, and an argument at most ${LONGEST_ARGUMENT - 1}`);
  return [name, ...words];
}

/** `exit code 3`, `ended by SIGSEGV`. */
function howEnded({ exitCode, signal }: Ending): string {
  if (signal !== null) return `ended by ${signal}${signal === "SIGKILL" ? ": out of memory?" : ""}`;
  // A shell's way to say that its command was ended by a signal.
  const [name] = Object.entries(constants.signals).find(([, number]) => number + 128 === exitCode) ?? [];
  return `exit code ${exitCode}${name === undefined ? "" : ` (${name}?)`}`;
}

/** One line, or where stderr has several, all of them under the first. */
const reasonText = (what: string, stderr: string): string =>
  stderr === "" ? what : `${what}:${stderr.includes("\n") ? "\n" : " "}${stderr}`;
