// What Linux shows of processes; null elsewhere, and of those that are gone. Fields: proc(5).
import { readFileSync } from "node:fs";

/** Linux counts in hundredths of a second here, whatever the kernel's own clock. */
const TICKS = 100;

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** The fields after the command's name, which may hold spaces: the state is the first. */
const fields = (pid) => read(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ").map(Number) ?? null;

/** Processor seconds of a process so far. */
export function cpuOf(pid) {
  const stat = fields(pid);
  return stat && (stat[11] + stat[12]) / TICKS;
}

/** Processor seconds of this process's children that have ended, and of theirs. */
export function cpuOfChildren() {
  const stat = fields("self");
  return stat && (stat[13] + stat[14]) / TICKS;
}

const megabytes = (pid, field) => {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(read(`/proc/${pid}/status`) ?? "");
  return found && (Number(found[1]) * 1024) / 1e6;
};

/** Resident memory in MB: now, and at most so far. */
export const memoryOf = (pid) => megabytes(pid, "VmRSS");
export const peakMemoryOf = (pid) => megabytes(pid, "VmHWM");

/** Whether a process runs Erlang: a pid inside a container is another process's here. */
export const isErlang = (pid) => read(`/proc/${pid}/comm`)?.startsWith("beam") ?? false;
