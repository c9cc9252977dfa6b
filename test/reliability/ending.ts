import type { Ended } from "../support/command.js";

/** The line of a stack trace or traceback that names the error: its class, and what it says. */
const errorLine = /^((?:\w+\.)*\w*(?:Error|Exception|Closed\w*|Interrupt))(?: \[\w+\])?(?:: (.*))?$/gm;

/** The error that a program crashed with, as class and text; undefined where it ended otherwise. */
export function crash({ code, stderr }: Ended): string | undefined {
  const error = code === 0 ? undefined : [...stderr.matchAll(errorLine)].at(-1);
  if (error === undefined) return undefined;
  const [, type = "", text = ""] = error;
  return [type.split(".").at(-1) ?? type, brief(text)].filter((part) => part !== "").join(": ");
}

/** How a program ended: by a signal, with an error, or with its exit code. */
export function ending(ended: Ended): string {
  if (ended.signal !== null) return ended.signal;
  const error = crash(ended);
  return error === undefined ? `exit ${ended.code}` : `crashed: ${error}`;
}

/** What matters of an error's text: no quotations, no details, no addresses of a connection. */
function brief(text: string): string {
  const [start = ""] = text.replace(/^\(/, "").split(/ with message | \(reading |(?<=\w)\(| - |:\d{4,5}\b/);
  return start.replaceAll(/['"]/g, "").trim();
}
