import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";

/** A folder in which a private broker's data stays when it ends; for one broker at a time. */
export class KeptData {
  readonly path: string;
  /** Has the pid of the process whose broker uses it. */
  readonly #lock: string;

  /** Makes the folder where it is missing. @throws WorkQueueError BROKER_START */
  constructor(path: string) {
    this.path = resolve(path);
    this.#lock = join(this.path, "in-use-by");
    try {
      mkdirSync(this.path, { recursive: true });
      if (!statSync(this.path).isDirectory()) throw new Error("it is no directory");
      this.#take();
    } catch (error) {
      if (error instanceof WorkQueueError) throw error;
      throw cannotUse(this.path, reasonOf(error), error);
    }
  }

  /** Leaves it to the next broker. */
  release(): void {
    rmSync(this.#lock, { force: true });
  }

  #take(): void {
    for (;;) {
      try {
        writeFileSync(this.#lock, String(process.pid), { flag: "wx" });
        return;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const owner = Number(readFileSync(this.#lock, "utf8"));
      if (isRunning(owner))
        throw cannotUse(this.path, `the broker of process ${owner} uses it (else remove ${this.#lock})`);
      rmSync(this.#lock, { force: true }); // its owner was killed
    }
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
