import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrokerUrl, standardPorts } from "../engine/connection/broker-url.js";
import { codeOf, reasonOf } from "../engine/errors.js";

/** What the name of a private broker's folder, in the temporary folder, begins with. */
export const folderPrefix = "task-queue-broker-";

/** In a private broker's folder while it starts: its AMQP port. It goes with the folder, whatever ends the broker. */
const FILE = "starting";

/** Notes that the private broker with this folder is starting. */
export const noteStarting = (folder: string, port: number): void =>
  writeFileSync(join(folder, FILE), String(port));

/** Notes that it is no longer starting. */
export const noteStarted = (folder: string): void => rmSync(join(folder, FILE), { force: true });

/**
 * Whether a connection failed because a broker is starting there: nothing listens yet at the port of a private broker
 * of this user's, or the connection was closed in AMQP's opening, as by Docker while the broker in a container starts.
 */
export function isStarting(error: { code: string; cause?: unknown }, url: BrokerUrl): boolean {
  if (error.code !== "UNREACHABLE") return false;
  const isPrivate = () => url.isLocal && startingPorts().includes(url.port);
  if (codeOf(error.cause) === "ECONNREFUSED") return isPrivate();
  const hungUp = /ECONNRESET|Socket closed abruptly/.test(reasonOf(error.cause));
  return hungUp && (url.port === standardPorts[url.scheme] || isPrivate());
}

function startingPorts(): number[] {
  return entries(tmpdir())
    .filter((name) => name.startsWith(folderPrefix))
    .flatMap((name) => {
      try {
        return [Number(readFileSync(join(tmpdir(), name, FILE), "utf8"))];
      } catch {
        return []; // it has started, is gone, or is another user's
      }
    });
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a TMPDIR that is not there, or not readable
  }
}
