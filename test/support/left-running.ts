import { readdirSync, readFileSync } from "node:fs";

/** The command lines of processes whose TMPDIR is this one: whatever a command of the test's started. Linux only. */
export function leftRunning(temporary: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        const found = environment.includes(`TMPDIR=${temporary}`);
        return found ? [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")] : [];
      } catch {
        return []; // it has ended meanwhile, or is another user's
      }
    });
}
