import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import type { LiveEvent } from "#dist/live/live-event.js";
import { type Running, start } from "./command.js";
import { brokerUrl, management, openChannel } from "./queue.js";

/** A virtual host of the test's own: tracing is switched on for a whole one. Gone with the test. */
export async function ownVhost(t: TestContext, name = `live-${randomUUID().slice(0, 8)}`) {
  const inPath = encodeURIComponent(name);
  await management(`vhosts/${inPath}`, { method: "PUT", body: JSON.stringify({ description: "a test's" }) });
  t.after(() => management(`vhosts/${inPath}`, { method: "DELETE" }));
  const all = JSON.stringify({ configure: ".*", write: ".*", read: ".*" });
  await management(`permissions/${inPath}/guest`, { method: "PUT", body: all });
  type About = { tracing: boolean; description: string };
  return {
    name,
    url: `${brokerUrl}/${inPath}`,
    /** What the management API says of it. */
    about: () => management<About>(`vhosts/${inPath}`),
    trace: (tracing: boolean) =>
      management(`vhosts/${inPath}`, {
        method: "PUT",
        body: JSON.stringify({ tracing, description: "a test's" }),
      }),
  };
}

/** A running `task-queue live --json`. */
export interface LivePage {
  command: Running;
  /** With its token. */
  address: string;
  /** Without. */
  origin: string;
  token: string;
  events: LiveEvent[];
  /** Resolves when there is such an event. */
  sees(what: string, isIt: (event: LiveEvent) => boolean): Promise<void>;
  /** Asks for something as its own page does. */
  act(request: object): Promise<Response>;
}

/** Starts it, without a browser; resolves when it has printed its address. */
export async function startLive(
  t: TestContext,
  words: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<LivePage> {
  const events: LiveEvent[] = [];
  const onLine = (line: string) => {
    events.push(JSON.parse(line) as LiveEvent);
  };
  const command = start(t, "task-queue", ["live", "--no-open", "--json", ...words], { env, onLine });
  await command.says(/token=\S+\n/);
  const [address = "", origin = "", token = ""] =
    /(http:\/\/127\.0\.0\.1:\d+)\/\?token=(\S+)/.exec(command.stderr) ?? [];
  const port = new URL(origin).port;
  return {
    command,
    address,
    origin,
    token,
    events,
    sees: (what, isIt) => command.until(() => events.some(isIt), what),
    act: (request) =>
      fetch(`${origin}/act`, {
        method: "POST",
        headers: { "content-type": "application/json", origin, cookie: `task-queue-live-${port}=${token}` },
        body: JSON.stringify(request),
      }),
  };
}

/** A delivery in the broker's own record. */
export interface Recorded {
  /** The port of its connection. */
  port: string;
  text: string;
  redelivered: boolean;
}

/** Reads the firehose, by the test itself. */
export async function recordDeliveries(t: TestContext, url: string, queue: string): Promise<Recorded[]> {
  const channel = await openChannel(t, url);
  const { queue: own } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(own, "amq.rabbitmq.trace", `deliver.${queue}`);
  const recorded: Recorded[] = [];
  await channel.consume(
    own,
    (message) => {
      const { connection, redelivered } = message?.properties.headers ?? {};
      const port = /:(\d+) ->/.exec(String(connection))?.[1] ?? "";
      recorded.push({ port, text: message?.content.toString() ?? "", redelivered: redelivered === 1 });
    },
    { noAck: true },
  );
  return recorded;
}
