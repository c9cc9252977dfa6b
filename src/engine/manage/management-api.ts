import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { SecureContextOptions } from "node:tls";
import { type BrokerUrl, isLocalHost } from "../connection/broker-url.js";
import { reasonOf } from "../errors.js";

/** Offset of the management port from the AMQP port: 15672 for 5672, 15671 for 5671. */
const MANAGEMENT_OFFSET = 10_000;

/** How long one answer may take, in ms: a busy broker takes seconds to gather its statistics. */
const ANSWER_MS = 5_000;

/**
 * The address of RabbitMQ's admin UI, and of the management API in its `api/`; without a slash at its end.
 * @param given the address, where it cannot be derived from the AMQP URL
 */
export function adminBase(broker: BrokerUrl, given: string | undefined): string {
  if (given !== undefined) return given.replace(/#.*$/, "").replace(/\/+$/, "");
  const port = broker.port + MANAGEMENT_OFFSET <= 65_535 ? broker.port + MANAGEMENT_OFFSET : 15_672;
  const host = broker.endpoint.slice(0, broker.endpoint.lastIndexOf(":"));
  return `${broker.scheme === "amqps" ? "https" : "http"}://${host}:${port}`;
}

export interface ManagementOptions {
  /** Address of the admin UI, without `api/`. */
  base: string;
  /** The AMQP broker, whose user and password are used. */
  broker: BrokerUrl;
  /** For https, as for amqps. */
  tls: Pick<SecureContextOptions, "ca" | "cert" | "key"> | undefined;
  /** Aborting it ends a pending request. */
  signal: AbortSignal;
}

/** RabbitMQ's management API (guide "HTTP API"). Errors have a message for the user. */
export class ManagementApi {
  readonly #options: ManagementOptions;

  constructor(options: ManagementOptions) {
    this.#options = options;
  }

  /** GETs a path below `api/`, percent-encoded. */
  async get(path: string): Promise<unknown> {
    const { where, origin, status, body } = await this.#request(path);
    if (status === 200 && body !== undefined) return body;
    throw this.#refusal(where, origin, status, body);
  }

  /** PUTs to a path below `api/`, percent-encoded. */
  async put(path: string, content: unknown): Promise<void> {
    const { where, origin, status, body } = await this.#request(path, JSON.stringify(content));
    if (status !== 201 && status !== 204) throw this.#refusal(where, origin, status, body);
  }

  async #request(path: string, content?: string) {
    const { base, broker } = this.#options;
    // Some hosts that a socket accepts, such as IPv6 with a zone, are invalid in a URL.
    if (!URL.canParse(base)) throw new Error(`${base} is no address of a management API.`);
    const url = new URL(base);
    const where = `The management API at ${url.origin}`;
    if (!mayLogIn(url, broker))
      throw new Error(`${where} is not used: the password would go unencrypted to a host other than AMQP's.`);
    const { status, text } = await this.#ask(url, path, content).catch((error: unknown) => {
      throw new Error(`${where} does not answer (${reasonOf(error)}).`);
    });
    return { where, origin: url.origin, status, body: parse(text) };
  }

  #refusal(where: string, origin: string, status: number, body: unknown): Error {
    const reason = isRecord(body) && typeof body["reason"] === "string" ? body["reason"] : undefined;
    if (reason === undefined) return new Error(`${origin} has no management API (status ${status}).`);
    if (status === 401) {
      const [, needed] = /not (management|administrator) user/i.exec(reason) ?? [];
      const tag = needed?.toLowerCase() === "administrator" ? "administrator" : "monitoring";
      const way = needed === undefined ? "" : `; it needs the tag ${tag}`;
      return new Error(`${where} refuses user "${this.#options.broker.username}" (${reason}${way}).`);
    }
    if (status === 404) return new Error(`${where} has no such queue: is it another broker's?`);
    return new Error(`${where} says: ${reason.replace(/\.$/, "")}.`);
  }

  /** Not with fetch, which accepts no `ca`. No redirect is followed. */
  async #ask(url: URL, path: string, content?: string): Promise<{ status: number; text: string }> {
    const { broker, tls, signal } = this.#options;
    const login = Buffer.from(`${broker.username}:${broker.password}`).toString("base64");
    const end = new AbortController();
    const leave = () => end.abort();
    const timer = setTimeout(leave, ANSWER_MS);
    signal.addEventListener("abort", leave);
    const options = {
      host: hostOf(url),
      port: url.port,
      path: `${url.pathname.replace(/\/+$/, "")}/api/${path}`,
      method: content === undefined ? "GET" : "PUT",
      headers: {
        authorization: `Basic ${login}`,
        accept: "application/json",
        ...(content === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: end.signal,
    };
    // Only now: most runs of the commands need neither.
    const request =
      url.protocol === "https:"
        ? (await import("node:https")).request({ ...options, ...tls })
        : (await import("node:http")).request(options);
    request.on("error", () => {}); // once there is a response, its own errors count
    try {
      request.end(content);
      const [response] = (await once(request, "response")) as [IncomingMessage];
      let text = "";
      for await (const part of response.setEncoding("utf8")) text += part;
      return { status: response.statusCode ?? 0, text };
    } catch (error) {
      throw end.signal.aborted ? new Error("timeout", { cause: error }) : error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
    }
  }
}

/** The host of a URL, an IPv6 address without its brackets. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/**
 * Whether the password may be sent there: unencrypted only to this machine, or to the host that AMQP has sent it to
 * unencrypted already.
 */
function mayLogIn(url: URL, broker: BrokerUrl): boolean {
  const host = hostOf(url);
  if (url.protocol === "https:" || isLocalHost(host)) return true;
  return broker.scheme === "amqp" && host.toLowerCase() === broker.host.toLowerCase();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value of a JSON answer is an object. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
