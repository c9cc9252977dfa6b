import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Leftovers } from "./cleanup-process.js";

/** The clean-up process and its list: what must not outlive this process. */
export class Cleanup {
  readonly #child = spawn(process.execPath, [fileURLToPath(new URL("cleanup-process.js", import.meta.url))], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  readonly #exited = once(this.#child, "exit");

  constructor() {
    this.#child.stdin.on("error", () => {}); // it was killed itself
    this.#child.unref();
  }

  /** Replaces the list. */
  note(leftovers: Leftovers): void {
    this.#child.stdin.write(`${JSON.stringify(leftovers)}\n`);
  }

  /** Clears up, and resolves when that is done. */
  async run(): Promise<void> {
    this.#child.ref();
    this.#child.stdin.end();
    await this.#exited;
  }
}
