import { closeSync, constants, futimesSync, lstatSync, openSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** An empty file of this user's, last modified when the question was asked. */
const mark = (): string => join(tmpdir(), `task-queue-asked-${userInfo().uid}`);

/** Whether the user was asked in the last `ms`. */
export function askedWithin(ms: number): boolean {
  try {
    const found = lstatSync(mark());
    return found.isFile() && Date.now() - found.mtimeMs < ms;
  } catch {
    return false;
  }
}

/** Notes that the user is asked now; where that is not possible, the next command asks again. */
export function noteAsked(): void {
  try {
    // Other users may write in that folder: what they put there is not followed, nor changed.
    const file = openSync(mark(), constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    const now = new Date();
    futimesSync(file, now, now);
    closeSync(file);
  } catch {
    // A folder that cannot be written to.
  }
}
