import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/**
 * Who may use the page: whoever has its token. The token is in the address that is printed and opened, and in a cookie
 * after the first load. Host and Origin are checked, so that neither another site's page nor one whose name was pointed
 * at this machine (DNS rebinding) can use the cookie.
 */
export class Access {
  readonly token = randomBytes(24).toString("base64url");
  #port = 0;

  set port(port: number) {
    this.#port = port;
  }

  /** With the token. */
  get address(): string {
    return `http://127.0.0.1:${this.#port}/?token=${this.token}`;
  }

  /** The cookie that a page gets whose address had the token. Cookies are the host's, for all of its ports. */
  get cookie(): string {
    return `${this.#cookieName}=${this.token}; Path=/; HttpOnly; SameSite=Strict`;
  }

  get #cookieName(): string {
    return `task-queue-live-${this.#port}`;
  }

  /** Why a request is refused, or undefined. */
  refusal(request: IncomingMessage, url: URL): string | undefined {
    const { host, origin, cookie = "" } = request.headers;
    const own = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (host === undefined || !own.includes(host)) return "This address is not the page's.";
    if (origin !== undefined && origin !== `http://${host}`) return "Another site's page asks for this.";
    if (request.method !== "GET" && origin === undefined) return "Only the page itself may do this.";
    const site = request.headers["sec-fetch-site"];
    if (site === "cross-site" && !this.#isToken(url.searchParams.get("token")))
      return "Another site's page asks for this.";
    const values = cookie.split(/;\s*/).map((pair) => pair.split("="));
    const given = values.find(([name]) => name === this.#cookieName)?.[1];
    if (this.#isToken(given)) return undefined;
    // Only the page itself may be had with the token of the address.
    if (request.method === "GET" && url.pathname === "/" && this.#isToken(url.searchParams.get("token")))
      return undefined;
    return "Open the address that task-queue live has printed: it has a token, which this request lacks.";
  }

  #isToken(given: string | null | undefined): boolean {
    const [a, b] = [Buffer.from(given ?? ""), Buffer.from(this.token)];
    return a.length === b.length && timingSafeEqual(a, b);
  }
}
