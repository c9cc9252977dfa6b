import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Leftovers } from "./cleanup-process.js";

/** Starts the clean-up process, which also removes the leftovers when this process is killed. */
export class Cleanup {
  readonly #child = spawn(process.execPath, [fileURLToPath(new URL("cleanup-process.js", import.meta.url))], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  readonly #exited = once(this.#child, "exit");

  constructor() {
    this.#child.stdin.on("error", () => {}); // the clean-up process was killed
    this.#child.unref();
  }

  /** Replaces the list of leftovers. */
  note(leftovers: Leftovers): void {
    this.#child.stdin.write(`${JSON.stringify(leftovers)}\n`);
  }

  /** Removes the leftovers; resolves when that is done. */
  async run(): Promise<void> {
    this.#child.ref();
    this.#child.stdin.end();
    await this.#exited;
  }
}
