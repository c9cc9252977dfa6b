import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";

/** The file that marks a folder as one for this: a home directory, given by mistake, has none and is refused. */
const MARK = "task-queue-broker";

/** What the name of a lock begins with; the pid and start time of the process whose broker uses the folder follow. */
const LOCK = "in-use-by-";

/** A folder in which a private broker's data stays when it ends; for one broker at a time. */
export class KeptData {
  readonly path: string;
  /** Each process has its own: a dead one's can be removed without taking a living one's. */
  readonly #lock: string;

  /**
   * Makes the folder where it is missing. One that another broker uses, or that has other files, is refused.
   * @throws WorkQueueError BROKER_START
   */
  constructor(path: string) {
    this.path = resolve(path);
    this.#lock = `${LOCK}${process.pid}-${startOf(process.pid) ?? ""}`;
    try {
      mkdirSync(this.path, { recursive: true });
      if (!statSync(this.path).isDirectory()) throw new Error("it is no directory");
      this.#mark();
      this.#take();
    } catch (error) {
      if (error instanceof WorkQueueError) throw error;
      throw cannotUse(this.path, reasonOf(error), error);
    }
  }

  /** Leaves it to the next broker. */
  release(): void {
    rmSync(join(this.path, this.#lock), { force: true });
  }

  #mark(): void {
    // In this order: another process may be making it, whose mark is there before anything else.
    const isEmpty = readdirSync(this.path).length === 0;
    const mark = join(this.path, MARK);
    if (!isEmpty && !existsSync(mark))
      throw cannotUse(this.path, "it has files of something else; name a new folder, or an empty one");
    writeFileSync(mark, "The data of task-queue broker --data.\n");
  }

  /** Takes its own lock, then looks for others': of two that do so at once, at least one sees the other, and leaves. */
  #take(): void {
    try {
      writeFileSync(join(this.path, this.#lock), "", { flag: "wx" });
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      throw this.#inUse(this.#lock);
    }
    for (const name of readdirSync(this.path)) {
      if (!name.startsWith(LOCK) || name === this.#lock) continue;
      if (isOfLiving(name)) {
        this.release();
        throw this.#inUse(name);
      }
      rmSync(join(this.path, name), { force: true }); // its owner was killed
    }
  }

  #inUse(lock: string): WorkQueueError {
    const [, pid = "?"] = lock.slice(LOCK.length - 1).split("-");
    const remedy = `else remove ${join(this.path, lock)}`;
    return cannotUse(this.path, `the broker of process ${pid} uses it (${remedy})`);
  }
}

/** Whether the process with this lock still runs: it, and no other that has got its pid since. */
function isOfLiving(lock: string): boolean {
  const [pid, start] = lock.slice(LOCK.length).split("-");
  return isRunning(Number(pid)) && (start === "" || start === startOf(Number(pid)));
}

/** When a process started, in clock ticks since boot (proc(5), field 22); undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    // The second field, the program's name in parentheses, may have spaces in it.
    return readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ")[19];
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

const cannotUse = (path: string, why: string, cause?: unknown): WorkQueueError =>
  new WorkQueueError("BROKER_START", `Cannot keep data in "${path}": ${why}.`, cause);
