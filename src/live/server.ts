import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";
import { Access } from "./access.js";
import type { History } from "./history.js";
import type { LiveEvent } from "./live-event.js";

/** The largest request body, in bytes. */
const LARGEST_BODY = 1024 * 1024;

/** Events go to the pages together, so often, in ms. */
const FLUSH_MS = 40;

/** A page that has not read so much, in bytes, is sent nothing more until it has. */
const MOST_BEHIND = 4 * 1024 * 1024;

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

const types = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml" } as const;

/** The modules that the page shares with the server. */
const shared = ["ledger.js", "history.js", "words.js"];

export interface ServerOptions {
  /** 0: any free one. */
  port: number;
  history: History;
  /** Carries out what a button asks for; throws with a message for the user. Its result is sent as JSON. */
  act(request: unknown): Promise<unknown>;
  /** The timeline of what was seen, as SVG. */
  drawTimeline(): string;
}

/** The page's server: on 127.0.0.1 only. */
export class LiveServer {
  readonly #options: ServerOptions;
  readonly #access = new Access();
  readonly #files = pageFiles();
  readonly #pages = new Set<Page>();
  #onOpen = () => {};
  #unsent: LiveEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, codeOf(error) === "TOO_LARGE" ? 413 : 400, "text/plain", reasonOf(error));
    });
  });

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** Resolves with the page's address when it listens. @throws Error where the port is in use */
  async start(): Promise<string> {
    const { port } = this.#options;
    this.#server.listen({ port, host: "127.0.0.1" });
    await once(this.#server, "listening").catch((error: unknown) => {
      if (codeOf(error) === "EADDRINUSE")
        throw new WorkQueueError("USAGE", `Port ${port} is in use; --port names another one.`, error);
      throw error;
    });
    const address = this.#server.address();
    this.#access.port = typeof address === "object" && address !== null ? address.port : port;
    return this.#access.address;
  }

  /** Resolves when a page is open. */
  readonly opened = new Promise<void>((resolve) => {
    this.#onOpen = resolve;
  });

  /** Sends an event to every open page. */
  push(event: LiveEvent): void {
    if (this.#pages.size === 0) return;
    this.#unsent.push(event);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#flush();
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const { response } of this.#pages) response.end();
    this.#server.closeAllConnections();
    await closed;
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#unsent.length === 0) return;
    const text = `event: happened\ndata: ${JSON.stringify(this.#unsent)}\n\n`;
    this.#unsent = [];
    for (const page of this.#pages) page.send(text);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const refusal = this.#access.refusal(request, url);
    if (refusal !== undefined) {
      send(response, 403, "text/plain", refusal);
      return;
    }
    const { history, act, drawTimeline } = this.#options;
    if (request.method === "POST" && url.pathname === "/act") {
      // A form of another page could not send this type without asking first (CORS).
      if (request.headers["content-type"] !== "application/json") throw new Error("JSON is expected.");
      const result = await act(JSON.parse(await bodyOf(request)));
      send(response, 200, "application/json", JSON.stringify(result ?? {}));
      return;
    }
    if (request.method !== "GET") {
      send(response, 405, "text/plain", "Not allowed.");
      return;
    }
    if (url.pathname === "/events") {
      this.#join(request, response);
      return;
    }
    if (url.pathname === "/events.ndjson") {
      const lines = history.events.map((event) => `${JSON.stringify(event)}\n`).join("");
      send(response, 200, "application/x-ndjson", lines, {
        "content-disposition": 'attachment; filename="events.ndjson"',
      });
      return;
    }
    if (url.pathname === "/timeline.svg") {
      send(response, 200, types.svg, drawTimeline(), {
        "content-disposition": 'attachment; filename="timeline.svg"',
      });
      return;
    }
    const file = this.#files.get(url.pathname);
    if (file === undefined) send(response, 404, "text/plain", "There is no such page.");
    else
      send(
        response,
        200,
        file.type,
        file.content,
        url.pathname === "/" ? { "set-cookie": this.#access.cookie } : {},
      );
  }

  #join(request: IncomingMessage, response: ServerResponse): void {
    this.#flush(); // what is unsent is in the history that the new page gets
    response.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8" });
    const page = new Page(response, this.#options.history);
    this.#pages.add(page);
    this.#onOpen();
    request.once("close", () => this.#pages.delete(page));
  }
}

/** An open page. One that is behind gets the history again instead of what it has missed. */
class Page {
  readonly response: ServerResponse;
  readonly #history: History;
  #isBehind = false;

  constructor(response: ServerResponse, history: History) {
    this.response = response;
    this.#history = history;
    response.on("error", () => {});
    response.on("drain", () => {
      if (this.#isBehind) this.#begin();
    });
    this.#begin();
  }

  send(text: string): void {
    if (this.#isBehind) return;
    if (this.response.writableLength > MOST_BEHIND) this.#isBehind = true;
    else this.response.write(text);
  }

  #begin(): void {
    this.#isBehind = false;
    this.response.write(`event: history\ndata: ${JSON.stringify(this.#history.recorded)}\n\n`);
  }
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  content: string | Buffer,
  more: Record<string, string> = {},
): void {
  response.writeHead(status, { ...headers, "content-type": `${type}; charset=utf-8`, ...more });
  response.end(content);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_BODY)
      throw Object.assign(new Error("A request is at most 1 MiB large."), { code: "TOO_LARGE" });
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** The page's files by their paths, read once. */
function pageFiles(): Map<string, { type: string; content: Buffer }> {
  const files = new Map<string, { type: string; content: Buffer }>();
  const add = (path: string, name: string) => {
    const type = types[name.slice(name.lastIndexOf(".") + 1) as keyof typeof types];
    if (type !== undefined) files.set(path, { type, content: readFileSync(new URL(name, import.meta.url)) });
  };
  for (const name of readdirSync(new URL("page/", import.meta.url))) add(`/page/${name}`, `page/${name}`);
  for (const name of shared) add(`/${name}`, name);
  add("/", "page/index.html");
  return files;
}
