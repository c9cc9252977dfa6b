import { WorkQueueError } from "../errors.js";

/** Standard ports by scheme (RabbitMQ guide "Networking"). */
export const standardPorts = { amqp: 5672, amqps: 5671 } as const;

/** Whether a host, an IPv6 address without brackets, is this machine: localhost, 127.0.0.0/8, ::1. */
export const isLocalHost = (host: string): boolean =>
  /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);

/**
 * A broker's address and the user to log in as. The password is a private field: printing, inspecting or
 * serialising this object shows the redacted URL.
 */
export class BrokerUrl {
  readonly scheme: keyof typeof standardPorts;
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  readonly username: string;
  /** Heartbeat in seconds asked of the broker; undefined leaves it to the broker (60 s). */
  readonly heartbeat: number | undefined;
  /** Whether the URL itself has a password. */
  readonly hasPassword: boolean;
  readonly #password: string;

  /**
   * Parses an AMQP URI (RabbitMQ "URI Specification"): `amqp[s]://[user[:password]@]host[:port][/vhost][?heartbeat=s]`,
   * percent-decoded as UTF-8. No vhost, `/`, `//` and `/%2F` all mean "/".
   * @param password used where the URL names none
   * @throws WorkQueueError BAD_URL, which names the part at fault and shows no password.
   */
  constructor(text: string, password?: string) {
    const { scheme, userinfo, host, port, path, query } = split(text);
    this.scheme = scheme;
    this.host = host;
    this.port = port;
    const colon = userinfo.indexOf(":");
    const user = colon < 0 ? userinfo : userinfo.slice(0, colon);
    // amqplib's rule, which is RabbitMQ's too: guest only where the URL names no user and no password.
    this.username = userinfo === "" ? "guest" : decode(user, "user name");
    this.hasPassword = colon >= 0;
    this.#password =
      colon >= 0
        ? decode(userinfo.slice(colon + 1), "password")
        : (password ?? (userinfo === "" ? "guest" : ""));
    const vhost = decode(path.slice(1), "virtual host");
    this.vhost = vhost === "" ? "/" : vhost;
    this.heartbeat = parseHeartbeat(query);
  }

  get password(): string {
    return this.#password;
  }

  /** `host:port`, with brackets around an IPv6 address. */
  get endpoint(): string {
    return `${this.host.includes(":") ? `[${this.host}]` : this.host}:${this.port}`;
  }

  /** Whether the host is this machine: localhost, 127.0.0.0/8, ::1. */
  get isLocal(): boolean {
    return isLocalHost(this.host);
  }

  /** The URL without its password: the only form that may be shown. */
  toString(): string {
    const user = this.username === "guest" ? "" : `${encodeURIComponent(this.username)}@`;
    const vhost = this.vhost === "/" ? "" : `/${encodeURIComponent(this.vhost)}`;
    return `${this.scheme}://${user}${this.endpoint}${vhost}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

const bad = (what: string): WorkQueueError => new WorkQueueError("BAD_URL", `The AMQP URL ${what}.`);

function split(text: string) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  if (/[\s\u0000-\u001f\u007f]/.test(text)) throw bad("contains white space or a control character");
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw bad("has no scheme: it starts with amqp:// or amqps://");
  if (scheme !== "amqp" && scheme !== "amqps") throw bad(`starts with ${scheme}://, not amqp:// or amqps://`);

  const rest = text.slice(scheme.length + 3);
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? "";
  const tail = rest.slice(authority.length);
  // An @ behind the first / ? or # is nearly always a password that holds one of them.
  if (tail.includes("@")) throw bad(unescaped(`"${tail[0]}"`));
  if (tail.includes("#")) throw bad('contains "#", which must be written %23');
  const at = authority.lastIndexOf("@");
  if (authority.indexOf("@") !== at) throw bad(unescaped('"@"'));

  const hostport = /^(\[[^\]]+\]|[^:[\]]*)(?::([^:]*))?$/.exec(authority.slice(at + 1));
  const host = hostport?.[1]?.replace(/^\[|\]$/g, "");
  if (!hostport || host === undefined)
    throw bad("has a malformed host; IPv6 addresses go in brackets: [::1]");
  if (host.includes(",")) throw bad("names several hosts; each one needs its own amqp://");
  if (host === "") throw bad(`names no host: ${scheme}://localhost`);
  const question = tail.indexOf("?");
  return {
    scheme,
    userinfo: at < 0 ? "" : authority.slice(0, at),
    host: decode(host, "host"),
    port: parsePort(hostport[2], standardPorts[scheme]),
    path: question < 0 ? tail : tail.slice(0, question),
    query: question < 0 ? "" : tail.slice(question + 1),
  } as const;
}

function unescaped(character: string): string {
  return (
    `has ${character} in its user name or password, where it must be percent-encoded ` +
    "(# is %23, / is %2F, ? is %3F, @ is %40)"
  );
}

function parsePort(text: string | undefined, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw bad("has a port that is not from 1 to 65535");
  return port;
}

function parseHeartbeat(query: string): number | undefined {
  let heartbeat: number | undefined;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name !== "heartbeat")
      throw bad('has a query parameter other than "heartbeat", the only one supported');
    if (!/^\d{1,5}$/.test(value)) throw bad("has a heartbeat that is no number of seconds");
    heartbeat = Number(value);
  }
  return heartbeat;
}

function decode(part: string, name: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw bad(`has a malformed percent-encoding in its ${name} (a literal % is %25)`);
  }
}
