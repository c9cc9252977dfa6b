import type { PrivateBroker } from "../broker/private-broker.js";
import type { BrokerUrl } from "../engine/connection/broker-url.js";
import type { SessionTarget } from "../engine/connection/session.js";
import type { WorkQueueEvent } from "../engine/events.js";
import { tutorialTasks } from "../lessons/share-the-work.js";
import { drawSvg } from "../timeline/draw-svg.js";
import { readEvent } from "../timeline/event-log.js";
import { buildTimeline } from "../timeline/timeline.js";
import { readAction } from "./action.js";
import { Crew, type WorkerSettings } from "./crew.js";
import { History } from "./history.js";
import type { LiveEvent, Unstamped } from "./live-event.js";
import { LiveServer } from "./server.js";
import { Witness } from "./witness.js";

/** The most processes that the page starts. */
const MOST_WORKERS = 24;

export interface LiveOptions extends Pick<SessionTarget, "urls" | "tls" | "waitMs"> {
  queue: string;
  adminUrl: string | undefined;
  /** Whether the firehose is used. */
  trace: boolean;
  /** The page's port; 0: any free one. */
  port: number;
  /** The private broker that may be killed and restarted from the page, if it is one. */
  broker: PrivateBroker | undefined;
  /** What started processes need in their environment to connect, besides the URL. */
  env: NodeJS.ProcessEnv;
  /** Whether it shows a lesson, whose processes are the lesson's: then its buttons do nothing. Default: false. */
  lesson?: boolean;
  /** Called with every event, in order. */
  onEvent(event: LiveEvent): void;
  /** Called when tracing was on before the page switched it on. */
  onTracingFound(): void;
}

/** The page of one queue while it runs: what it sees, the processes it has started, and its server. */
export class Live {
  readonly #options: LiveOptions;
  readonly #history = new History();
  readonly #witness: Witness;
  readonly #server: LiveServer;
  #crew: Crew | undefined;
  #isClosing = false;
  readonly #ids = new Map<string, string>();

  constructor(options: LiveOptions) {
    this.#options = options;
    const { broker, port } = options;
    this.#witness = new Witness({
      ...options,
      name: "task-queue live",
      acts: options.lesson !== true,
      senderName: options.lesson === true ? "new-task" : "this page",
      ownBroker: broker !== undefined,
      onEvent: (event) => this.#onEvent(event),
    });
    this.#server = new LiveServer({
      port,
      history: this.#history,
      act: (request) => this.#act(request),
      drawTimeline: () => this.#drawTimeline(),
    });
  }

  /**
   * Connects and starts the server; resolves with the page's address.
   * @throws WorkQueueError as a first connection does; USAGE where the port is in use
   */
  async start(): Promise<string> {
    const address = await this.#server.start();
    await this.#witness.start();
    return address;
  }

  /** Looks at another queue from here on. */
  watch(queue: string): Promise<void> {
    return this.#witness.watch(queue);
  }

  /** Resolves when the page is open in a browser. */
  get opened(): Promise<void> {
    return this.#server.opened;
  }

  /** Takes up an event of a process that a lesson has started. @param dotMs its work per dot */
  onLessonEvent(name: string, event: WorkQueueEvent, dotMs: number): void {
    if (!name.startsWith("worker")) {
      this.#witness.onSenderEvent(event);
      return;
    }
    if (event.event === "connected" && !this.#ids.has(name))
      this.#join(name, { prefetch: null, dotMs }, false);
    this.#onWorkerEvent(name, event);
  }

  /** A process of a lesson has ended. */
  onLessonEnd(name: string, killed: boolean): void {
    this.#onWorkerEnd(name, killed ? "killed" : "stopped");
  }

  /** Stops watching; the page stays, with what was seen. */
  async rest(): Promise<void> {
    this.say({ event: "over", name: "lesson" });
    this.#isClosing = true;
    await this.#witness.close();
  }

  say(event: Unstamped): void {
    this.#witness.say(event);
  }

  /** Starts a worker; resolves with its name. */
  startWorker(settings: WorkerSettings): string {
    const crew = this.#ownCrew();
    if (crew.size >= MOST_WORKERS) throw new Error(`The page starts ${MOST_WORKERS} workers at most.`);
    const name = crew.nextName();
    this.#join(name, settings, true);
    crew.start(name, settings);
    return name;
  }

  /** Sends the tutorial's five tasks. */
  sendTutorial(): void {
    this.#ownCrew().sendFile(`${tutorialTasks.join("\n")}\n`, "txt");
  }

  /** What the user wants of tracing that was on already: off when the page ends. */
  switchTracingOffAtEnd(): void {
    this.#witness.switchesOff = true;
  }

  /** How many workers of the page run. */
  get workers(): number {
    return this.#crew?.size ?? 0;
  }

  /** Ctrl-C for the page's workers; resolves when they have finished. */
  async stopWorkers(): Promise<void> {
    await this.#crew?.stop();
  }

  /** Ends everything that it has started. Resolves with why tracing could not be switched off, or undefined. */
  async close(): Promise<string | undefined> {
    this.#isClosing = true;
    await this.#crew?.close();
    const failure = await this.#witness.close();
    await this.#server.close();
    return failure;
  }

  /** @param acts whether the page's buttons may act on it */
  #join(name: string, about: { prefetch: number | null; dotMs: number }, acts: boolean): void {
    this.#ids.set(name, this.#witness.correlator.ownJoins(name, { ...about, acts }, Date.now()));
  }

  #ownCrew(): Crew {
    this.#crew ??= new Crew({
      url: this.#options.urls.map(withPassword).join(","),
      env: this.#options.env,
      queue: this.#options.queue,
      onWorkerEvent: (name, event) => this.#onWorkerEvent(name, event),
      onWorkerEnd: (name, how) => this.#onWorkerEnd(name, how),
      onSenderEvent: (event) => this.#witness.onSenderEvent(event),
      onFailure: (what) => this.say({ event: "process-failed", name: "page", reason: what.slice(0, 400) }),
    });
    return this.#crew;
  }

  #onWorkerEvent(name: string, event: WorkQueueEvent): void {
    const id = this.#ids.get(name);
    if (id !== undefined) this.#witness.onWorkerEvent(id, event);
  }

  #onWorkerEnd(name: string, how: "stopped" | "killed" | "failed"): void {
    const id = this.#ids.get(name);
    this.#ids.delete(name);
    if (id !== undefined) this.#witness.correlator.left(id, how, Date.now());
  }

  #onEvent(event: LiveEvent): void {
    if (this.#isClosing) return; // that everything ends is not part of what was seen
    this.#history.add(event);
    this.#server.push(event);
    this.#options.onEvent(event);
  }

  async #act(request: unknown): Promise<unknown> {
    const action = readAction(request);
    if (this.#options.lesson === true)
      throw new Error("This page shows a lesson, which does everything itself.");
    const { broker } = this.#options;
    switch (action.do) {
      case "send":
        this.#ownCrew().send(action.text);
        return {};
      case "send-tutorial":
        this.sendTutorial();
        return {};
      case "send-file":
        this.#ownCrew().sendFile(action.content, action.kind);
        return {};
      case "start-worker":
        return { name: this.startWorker(action) };
      case "worker": {
        const { name, how } = action;
        const crew = this.#crew;
        if (crew === undefined || !crew.has(name))
          throw new Error("That worker was not started by this page, or has ended.");
        crew.act(name, how);
        const worker = this.#ids.get(name) ?? "";
        if (how === "pause") this.say({ event: "worker-paused", name, worker });
        if (how === "resume") this.say({ event: "worker-resumed", name, worker });
        return {};
      }
      case "broker":
        if (broker === undefined) throw new Error("Only a private broker of the page's own can be killed.");
        if (action.how === "kill") {
          this.say({ event: "broker-killed", name: "broker" });
          await broker.kill();
        } else await broker.restart();
        return {};
      case "switch-tracing-off":
        this.switchTracingOffAtEnd();
        return {};
    }
  }

  #drawTimeline(): string {
    const events = this.#history.events.flatMap((event) => readEvent(JSON.stringify(event)) ?? []);
    const { about } = this.#history.now;
    return drawSvg(`Queue ${about?.queue ?? ""}: who did what when`, [
      { title: "", timeline: buildTimeline(events) },
    ]);
  }
}

/** The URL as its user gave it: for the environment of started processes alone. */
function withPassword(url: BrokerUrl): string {
  const [user, password, vhost] = [url.username, url.password, url.vhost].map(encodeURIComponent);
  const heartbeat = url.heartbeat === undefined ? "" : `?heartbeat=${url.heartbeat}`;
  return `${url.scheme}://${user}:${password}@${url.endpoint}/${vhost}${heartbeat}`;
}
