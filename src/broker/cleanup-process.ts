import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

/** What a private broker has left lying about at any moment, and what has to go when it ends. */
export interface Leftovers {
  /** Process groups, by the pid of their leader. */
  groups: number[];
  /** Docker containers, by name. */
  containers: string[];
  directory: string;
}

/**
 * A process of its own that clears up when its input ends: when the broker is stopped, and also when
 * whoever started it is killed. Each line of input is the whole list as it stands then.
 */
function main(): void {
  let leftovers: Leftovers | undefined;
  // Ctrl-C reaches whole process groups, and the terminal's end its session: neither is meant for this one.
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
      // It has ended by itself.
    }
  }
  for (const name of containers)
    spawnSync("docker", ["rm", "--force", "--volumes", name], { stdio: "ignore" });
  // A process that is just dying may still write: try again for a while.
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

main();
