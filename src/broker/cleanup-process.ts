import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

/** What a private broker uses on this machine, to be removed when it ends. */
export interface Leftovers {
  /** Process groups, by the pid of their leader. */
  groups: number[];
  /** Docker containers, by name. */
  containers: string[];
  directory: string;
}

/**
 * Runs as a process of its own, and clears up when its standard input ends: when the broker is stopped, and also
 * when the process that started it is killed. Each line of input replaces the list of leftovers.
 */
function main(): void {
  let leftovers: Leftovers | undefined;
  // Ctrl-C signals a whole process group, and a closed terminal its session; this process has to outlive both.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => {});
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    leftovers = JSON.parse(line) as Leftovers;
  });
  lines.on("close", () => {
    if (leftovers !== undefined) clearUp(leftovers);
    process.exit();
  });
}

function clearUp({ groups, containers, directory }: Leftovers): void {
  for (const group of groups) {
    try {
      process.kill(-group, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
  for (const name of containers)
    spawnSync("docker", ["rm", "--force", "--volumes", name], { stdio: "ignore" });
  // A killed process may still write for a moment: retry for some seconds.
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

main();
