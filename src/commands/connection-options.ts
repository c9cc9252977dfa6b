import { readFile } from "node:fs/promises";
import { BrokerUrl } from "../engine/connection/broker-url.js";
import type { SessionTarget } from "../engine/connection/session.js";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";
import { warning } from "../report/event-line.js";
import type { Terminal } from "../terminal/terminal.js";
import { printable } from "../text/printable.js";

/** The user's flags for the broker's address and login. */
export interface ConnectionFlags {
  url: string[];
  passwordFile?: string | undefined;
  askPassword?: true | undefined;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/**
 * Parses addresses and certificates in flags; hides passwords from `ps`.
 * @throws WorkQueueError BAD_URL, USAGE, INPUT where a file cannot be read, INTERRUPTED at the password prompt.
 */
export async function connectionTarget(
  flags: ConnectionFlags,
  terminal: Terminal,
): Promise<Pick<SessionTarget, "urls" | "tls">> {
  // A malformed URL is refused before a password is asked for.
  const given = brokerUrls(flags.url);
  if (flags.askPassword && given.every(({ hasPassword }) => hasPassword))
    throw new WorkQueueError("USAGE", "--ask-password is for a URL without a password; this one has one.");
  const urls = brokerUrls(flags.url, await password(flags, terminal));
  const tls = await certificates(flags, urls);
  for (const url of urls) {
    if (url.scheme === "amqps" || url.isLocal || url.username !== "guest" || url.password !== "guest")
      continue;
    const risk = `guest with its well-known password, and unencrypted, to ${printable(url.endpoint)}: a user of your own and amqps:// are safer.`;
    terminal.output.err(warning(terminal.colors.err, `Logging in as ${risk}`).text);
  }
  return { urls, tls };
}

/** Parses the `--url` values, and hides their passwords from `ps`. @throws WorkQueueError BAD_URL */
export function brokerUrls(given: readonly string[], password?: string): BrokerUrl[] {
  const texts = given.flatMap(addresses);
  hideFromProcessList(texts);
  return texts.map((text) => new BrokerUrl(text, password));
}

/** AMQP_URL may hold several addresses. A comma is allowed in a password, so the scheme has to follow it. */
function addresses(text: string): string[] {
  return text.replace(/,\s*$/, "").split(/,\s*(?=amqps?:\/\/)/i);
}

/** Sets the process title to the command line without passwords. */
function hideFromProcessList(texts: readonly string[]): void {
  const secret = texts.filter((text) => text.includes("@"));
  if (!process.argv.some((word) => secret.some((text) => word.includes(text)))) return;
  process.title = process.argv
    .map((word) => secret.reduce((safe, text) => safe.replace(text, "amqp://…"), word))
    .join(" ");
}

async function password(flags: ConnectionFlags, terminal: Terminal): Promise<string | undefined> {
  if (flags.passwordFile !== undefined && flags.askPassword === true)
    throw new WorkQueueError("USAGE", "Give --password-file or --ask-password, not both.");
  if (flags.askPassword === true) return (await import("../terminal/prompts.js")).askPassword(terminal);
  if (flags.passwordFile === undefined) return undefined;
  const text = (await contents(flags.passwordFile)).toString();
  // Its first line: editors end files with a line break, and some begin them with a byte order mark.
  return /^\ufeff?([^\r\n]*)/.exec(text)?.[1];
}

async function certificates(
  { ca, cert, key }: ConnectionFlags,
  urls: readonly BrokerUrl[],
): Promise<SessionTarget["tls"]> {
  const files = Object.entries({ ca, cert, key }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  if (files.length === 0) return undefined;
  if (!urls.some(({ scheme }) => scheme === "amqps"))
    throw new WorkQueueError(
      "USAGE",
      "--ca, --cert and --key are for amqps:// addresses; the URL is amqp://.",
    );
  if ((cert === undefined) !== (key === undefined))
    throw new WorkQueueError("USAGE", "--cert and --key go together; one file may hold both.");
  const tls: Record<string, Buffer> = {};
  for (const [name, path] of files) {
    tls[name] = await contents(path);
    if (!tls[name].includes("-----BEGIN "))
      throw new WorkQueueError("INPUT", `"${path}" (--${name}) is no PEM file.`);
  }
  const { createSecureContext } = await import("node:tls"); // most runs need none
  try {
    createSecureContext(tls);
  } catch (error) {
    // OpenSSL's words; a key with a passphrase is among the reasons.
    throw new WorkQueueError("INPUT", `The certificate files cannot be used: ${reasonOf(error)}.`, error);
  }
  return tls;
}

async function contents(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = codeOf(error) === "ENOENT" ? "no such file" : reasonOf(error);
    throw new WorkQueueError("INPUT", `Cannot read "${path}": ${reason}.`, error);
  }
}
