import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";

/**
 * The path of a program, looked up as a shell does: one with a slash is a path, any other is searched for in PATH.
 * @throws WorkQueueError COMMAND where there is none, or none that may be executed
 */
export async function findProgram(name: string, path: string): Promise<string> {
  if (name.includes("/")) {
    const found = resolve(name);
    const fault = await faultOf(found);
    if (fault === undefined) return found;
    throw new WorkQueueError("COMMAND", `"${name}" ${fault}.`);
  }
  let refused: string | undefined;
  for (const folder of path.split(delimiter)) {
    const found = resolve(join(folder, name)); // an empty entry is the current folder (POSIX, PATH)
    const fault = await faultOf(found);
    if (fault === undefined) return found;
    if (fault !== MISSING) refused ??= `"${found}" ${fault}.`;
  }
  throw new WorkQueueError("COMMAND", refused ?? `There is no program "${name}" in PATH.`);
}

const MISSING = "does not exist";

/** What keeps a file from being executed, or undefined. */
async function faultOf(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return "is a directory";
    await access(path, constants.X_OK);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return MISSING;
    return code === "EACCES" ? "is not executable" : `cannot be executed (${reasonOf(error)})`;
  }
}
