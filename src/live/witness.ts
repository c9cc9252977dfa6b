import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { Session, type SessionTarget } from "../engine/connection/session.js";
import { codeOf } from "../engine/errors.js";
import type { EngineEvent, WorkQueueEvent } from "../engine/events.js";
import { Firehose, type TracedMessage } from "../engine/manage/firehose.js";
import { adminBase, ManagementApi } from "../engine/manage/management-api.js";
import { countQueue } from "../engine/manage/queue-operations.js";
import { isTracing, switchTracing } from "../engine/manage/tracing.js";
import type { Task } from "../engine/task.js";
import { pause } from "../engine/timers.js";
import { printable } from "../text/printable.js";
import { Correlator, type Sample } from "./correlator.js";
import type { LiveEvent, Retry, Unstamped } from "./live-event.js";
import { PART_MS, Rates } from "./rates.js";
import { Sampler, whyNot } from "./sampler.js";
import { shown } from "./shown.js";

/** How often the broker is asked for its counts. */
const SAMPLE_MS = 1_000;

/** Without a turn of the event loop for so long, this process was suspended. */
const SUSPENDED_MS = 5_000;

/** A queue's count of unacknowledged tasks may be so old where it is not classic. */
const SAMPLED_AGE_MS = 6_000;

/** So many copies are read in a moment. */
const LEAST_BACKLOG = 1_000;

/** How long until a missing queue is looked for again, where the management API does not tell. */
const LOOK_AGAIN_MS = 5_000;

/** How long switching tracing off may take when the page ends. */
const SWITCH_OFF_MS = 3_000;

type Connected = Parameters<typeof countQueue>[0];

export interface WitnessOptions extends SessionTarget {
  queue: string;
  adminUrl: string | undefined;
  /** Whether the firehose is to be used. */
  trace: boolean;
  /** Whether the broker is a private one of this page. */
  ownBroker: boolean;
  /** Whether the page's buttons may send and start workers. */
  acts: boolean;
  /** What the senders are called whose events it is given. */
  senderName: string;
  /** Called with every event, in order. */
  onEvent(event: LiveEvent): void;
  /** Called when tracing is on before the page switched it on. */
  onTracingFound(): void;
}

/**
 * Watches a queue: the firehose, the management API and the started processes become one stream of events. Reconnects
 * forever once it was connected.
 */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #session: Session;
  readonly #correlator: Correlator;
  readonly #end = new AbortController();
  readonly #first: Promise<void>;
  #settleFirst: { resolve(): void; reject(error: unknown): void } = { resolve() {}, reject() {} };
  #queue: string;
  /** Whether there was such a queue at the latest look, and when that was. */
  #exists = true;
  #lookedAt = 0;
  #rates = new Rates();
  #connection: Connected | undefined;
  #broker: BrokerUrl | undefined;
  #version = "";
  #wasConnected = false;
  #firehose: Firehose | undefined;
  /** Whether this page has switched tracing on, and has to switch it off. */
  #switchedOn = false;
  /** Whether tracing was on before; undefined: not known yet. */
  #wasOn: boolean | undefined;
  #lastSight = "";
  /** Why there is no firehose. */
  #whyBlind: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** The latest turn of the timer. */
  #turnAt = 0;
  /** What the firehose still delivers is out of date. */
  #drop = false;
  #isCatchingUp = false;

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#correlator = new Correlator((event, at) => this.#emit(event, at), options.senderName);
    this.#first = new Promise((resolve, reject) => {
      this.#settleFirst = { resolve, reject };
    });
    this.#session = new Session({
      ...options,
      report: (event) => this.#onSessionEvent(event),
      setup: (connection, broker) => this.#setUp(connection, broker),
      lost: (reason) => this.#onLost(reason),
      failed: (error) => this.#settleFirst.reject(error),
    });
  }

  /** Resolves when it is connected. @throws WorkQueueError as a first connection does */
  start(): Promise<void> {
    this.#session.start();
    this.#turnAt = Date.now();
    this.#timer = setInterval(() => this.#tick(), PART_MS);
    return this.#first;
  }

  get correlator(): Correlator {
    return this.#correlator;
  }

  /** Looks at another queue from here on. */
  async watch(queue: string): Promise<void> {
    this.#queue = queue;
    this.#rates = new Rates();
    this.#correlator.forget();
    this.#announce();
    await this.#firehose?.follow(queue);
  }

  /** Whether tracing goes off when the page ends; on: switches it on again, should it have been switched off. */
  set switchesOff(yes: boolean) {
    this.#switchedOn = yes;
    this.#wasOn = !yes;
    this.#lastSight = "";
  }

  /** What a worker of this page says. */
  onWorkerEvent(id: string, event: WorkQueueEvent): void {
    const at = event.at.getTime();
    if (event.event === "connected") this.#correlator.ownConnected(id, at);
    else if (event.event === "consuming") this.#correlator.ownConsumes(id, event.prefetch, event.autoAck, at);
    else if (event.event === "stopping")
      this.#emit({ event: "worker-stopping", name: event.name, worker: id }, at);
    if (!("task" in event)) return;
    if (event.event === "task-done") this.#rates.done();
    if (event.event === "task-received" && this.#firehose === undefined)
      this.#count(() => this.#rates.delivered(id));
    if (this.#rates.isHigh) return;
    const task = ownTask(event.task);
    switch (event.event as string) {
      case "task-received":
        this.#correlator.ownReceived(id, task, "redelivered" in event && event.redelivered, at);
        break;
      case "task-done":
        this.#correlator.ownEnded(id, task, "task-done", "seconds" in event ? event.seconds : 0, at);
        break;
      case "task-failed":
      case "task-dead":
        this.#correlator.ownEnded(id, task, "task-failed", 0, at);
        break;
      case "task-aborted":
      case "task-requeued":
        this.#correlator.ownEnded(id, task, "task-requeued", 0, at);
        break;
    }
  }

  /** What a sender of this page says. */
  onSenderEvent(event: WorkQueueEvent): void {
    const ours = this.#firehose === undefined ? "task-confirmed" : "task-sent";
    if (event.event !== ours || !("task" in event)) return;
    if (this.#firehose === undefined) this.#count(() => this.#rates.published());
    if (this.#rates.isHigh) return;
    this.#correlator.ownSent(event.task.id, ownTask(event.task), event.at.getTime());
  }

  /** An event of the page itself. */
  say(event: Unstamped): void {
    this.#emit(event, Date.now());
  }

  /** Stops watching, and switches tracing off if it has switched it on. Resolves with why that failed, or undefined. */
  async close(): Promise<string | undefined> {
    if (this.#end.signal.aborted) return undefined;
    clearInterval(this.#timer);
    this.#end.abort();
    const failure = this.#switchedOn ? await this.#switchOff() : undefined;
    await this.#session.close();
    return failure;
  }

  async #switchOff(): Promise<string | undefined> {
    const broker = this.#broker;
    if (broker === undefined) return undefined;
    const tooLate = new AbortController();
    const timer = setTimeout(() => tooLate.abort(), SWITCH_OFF_MS);
    const failure = await switchTracing(this.#api(broker, tooLate.signal), broker.vhost, false).then(
      () => undefined,
      whyNot,
    );
    clearTimeout(timer);
    return failure;
  }

  async #setUp(connection: Connected, broker: BrokerUrl): Promise<void> {
    this.#broker = broker;
    this.#drop = false;
    await this.#openSight(connection, broker);
    this.#connection = connection;
    if (this.#wasConnected) this.#emit({ event: "broker-back", name: "broker" }, Date.now());
    else this.#announce();
    this.#wasConnected = true;
    this.#settleFirst.resolve();
    void this.#keepSampling(connection, broker);
  }

  /** Opens the firehose, and switches tracing on. */
  async #openSight(connection: Connected, broker: BrokerUrl): Promise<void> {
    this.#firehose = undefined;
    let because: string | null = this.#options.trace ? null : "the page was started with --no-trace";
    let management = true;
    const api = this.#api(broker, this.#end.signal);
    try {
      const on = await isTracing(api, broker.vhost);
      if (this.#options.trace) {
        if (this.#wasOn === undefined) {
          this.#wasOn = on;
          if (on) this.#options.onTracingFound();
        }
        if (!on) {
          await switchTracing(api, broker.vhost, true);
          this.#switchedOn = true;
        }
        this.#firehose = await Firehose.open(connection, (traced) => this.#onTraced(traced));
        await this.#firehose.follow(this.#queue);
      }
    } catch (error) {
      because = whyNot(error);
      management = await api.get("whoami").then(
        () => true,
        () => false,
      );
    }
    this.#whyBlind = because;
    this.#correlator.trace = this.#firehose !== undefined;
    this.#sight(management, because);
  }

  #sight(management: boolean, because: string | null): void {
    const trace = this.#firehose !== undefined;
    const sight = { trace, management, because, wasOn: this.#wasOn === true };
    const text = JSON.stringify(sight);
    if (text === this.#lastSight) return;
    this.#lastSight = text;
    this.#emit({ event: "sight", name: "broker", ...sight }, Date.now());
  }

  #announce(): void {
    const broker = this.#broker;
    if (broker === undefined) return;
    const { ownBroker, acts } = this.#options;
    const about = {
      queue: printable(this.#queue),
      vhost: printable(broker.vhost),
      broker: printable(broker.endpoint),
    };
    this.#emit(
      { event: "watching", name: "broker", ...about, version: this.#version, ownBroker, acts },
      Date.now(),
    );
  }

  #api(broker: BrokerUrl, signal: AbortSignal): ManagementApi {
    const { adminUrl, tls } = this.#options;
    return new ManagementApi({ base: adminBase(broker, adminUrl), broker, tls, signal });
  }

  #onSessionEvent(event: EngineEvent): void {
    if (event.event === "connected") this.#version = `${event.product} ${event.version}`;
  }

  #onLost(reason: string): void {
    this.#connection = undefined;
    this.#firehose = undefined;
    if (this.#drop) return; // by itself, after it was suspended
    const at = Date.now();
    this.#correlator.brokerLost(at);
    this.#emit({ event: "broker-lost", name: "broker", reason: printable(reason, 300) }, at);
  }

  #onTraced(traced: TracedMessage): void {
    if (this.#drop) return;
    const { kind, queues } = traced;
    const queue = this.#queue;
    if (kind === "deliver") {
      if (!queues.includes(queue)) return;
      this.#count(() =>
        this.#rates.delivered(
          this.#rates.isHigh ? this.#correlator.workerOf(traced.channel, Date.now()) : undefined,
        ),
      );
      if (this.#rates.isHigh) return;
      const { channel, messageId: id, redelivered, body } = traced;
      this.#correlator.deliver({ channel, id, redelivered, ...shown(body) }, Date.now());
      return;
    }
    const place = placeOf(queues, queue);
    if (place === undefined) return;
    if (place.to === "queue") this.#count(() => this.#rates.published());
    if (this.#rates.isHigh) return;
    const { channel, messageId: id, body, headers } = traced;
    const retry = place.to === "queue" ? {} : { retry: retryOf(headers, place.delayMs) };
    this.#correlator.publish({ channel, id, to: place.to, ...retry, ...shown(body) }, Date.now());
  }

  /** Counts an event; where there are too many, there are only counts from here on. */
  #count(note: () => void): void {
    note();
    if (!this.#rates.exceeds) return;
    this.#rates.begin();
    this.#correlator.forget();
    this.#emit({ event: "counting", name: "broker", on: true }, Date.now());
  }

  #tick(): void {
    const now = Date.now();
    const away = now - this.#turnAt;
    if (away > SUSPENDED_MS && this.#wasConnected) {
      // What the broker has sent meanwhile would be taken for now: it is left out, and everything begins anew.
      this.#correlator.forget();
      this.#emit({ event: "gap", name: "broker", since: new Date(this.#turnAt).toISOString() }, now);
      if (this.#connection !== undefined) {
        this.#drop = true;
        this.#session.restart("suspended");
      }
    }
    this.#turnAt = now;
    if (this.#rates.isHigh) void this.#keepUp();
    this.#correlator.settle(now);
    const wasHigh = this.#rates.isHigh;
    const calm = this.#rates.tick(now);
    if (wasHigh) this.#emit({ event: "counts", name: "broker", ...structuredClone(this.#rates.totals) }, now);
    if (!calm) return;
    this.#correlator.forget();
    this.#emit({ event: "counting", name: "broker", on: false }, now);
  }

  /** Copies that cannot be read within a second are dropped: the counts would be of the past. */
  async #keepUp(): Promise<void> {
    const firehose = this.#firehose;
    if (firehose === undefined || this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    const dropped = await firehose
      .dropBacklog(Math.max(this.#rates.lastSecond, LEAST_BACKLOG))
      .catch(() => 0);
    this.#isCatchingUp = false;
    if (dropped > 0) this.#rates.unread(dropped);
  }

  async #keepSampling(connection: Connected, broker: BrokerUrl): Promise<void> {
    const { signal } = this.#end;
    const api = this.#api(broker, signal);
    const sampler = new Sampler(api, broker);
    const isCurrent = () => connection === this.#connection && !signal.aborted;
    while (isCurrent()) {
      const startedAt = performance.now();
      await this.#sample(connection, broker, api, sampler, isCurrent).catch((error: unknown) => {
        if (isCurrent() && codeOf(error) !== "CONNECTION_LOST") this.#sight(false, whyNot(error));
      });
      await pause(SAMPLE_MS - (performance.now() - startedAt), signal);
    }
  }

  async #sample(
    connection: Connected,
    broker: BrokerUrl,
    api: ManagementApi,
    sampler: Sampler,
    isCurrent: () => boolean,
  ): Promise<void> {
    const queue = this.#queue;
    const askedAt = Date.now();
    let because: string | null = null;
    const orNull = (error: unknown) => {
      because ??= whyNot(error);
      return null;
    };
    const [managed, consumers] = await Promise.all([
      sampler.queue(queue).catch(orNull),
      sampler.consumers(queue).catch(orNull),
    ]);
    if (managed !== null) this.#exists = managed.exists;
    // Each look at a queue that does not exist is an error in the broker's log.
    const ready = managed?.exists === false ? undefined : await this.#countReady(connection, queue);
    if (!isCurrent() || queue !== this.#queue || this.#drop) return;
    const sample: Sample = {
      askedAt,
      exists: ready !== undefined,
      ready: ready ?? 0,
      unacknowledged: ready === undefined ? 0 : (managed?.unacknowledged ?? null),
      unacknowledgedAge: managed?.type === "classic" ? 0 : SAMPLED_AGE_MS,
      consumers,
      dead: managed?.dead ?? null,
    };
    this.#rates.settle(sample.ready);
    this.#correlator.sample(sample, !this.#rates.isHigh, Date.now());
    if (this.#options.trace) await this.#checkTracing(api, broker, because);
    else this.#sight(because === null, because ?? "the page was started with --no-trace");
  }

  /** The number of ready tasks, exact; undefined: there is no such queue. */
  async #countReady(connection: Connected, queue: string): Promise<number | undefined> {
    const now = Date.now();
    if (!this.#exists && now - this.#lookedAt < LOOK_AGAIN_MS) return undefined;
    this.#lookedAt = now;
    try {
      const { ready } = await countQueue(connection, queue);
      this.#exists = true;
      return ready;
    } catch (error) {
      if (codeOf(error) !== "QUEUE_MISSING") throw error;
      this.#exists = false;
      return undefined;
    }
  }

  /** Somebody may have switched tracing off, another page that ends for instance. */
  async #checkTracing(api: ManagementApi, broker: BrokerUrl, because: string | null): Promise<void> {
    if (because !== null) {
      this.#sight(false, because);
      return;
    }
    if (this.#firehose === undefined) {
      this.#sight(true, this.#whyBlind);
      return;
    }
    if (!(await isTracing(api, broker.vhost))) {
      await switchTracing(api, broker.vhost, true);
      this.#switchedOn = true;
      this.#wasOn = false;
    }
    this.#sight(true, null);
  }

  #emit(event: Unstamped, at: number): void {
    const { event: kind, name, ...rest } = event;
    this.#options.onEvent({ event: kind, at: new Date(at).toISOString(), name, ...rest } as LiveEvent);
  }
}

/** A task of a worker's or sender's event; its id is the message's, or made of its delivery tag. */
function ownTask(task: Task) {
  return { id: task.id.startsWith("delivery-") ? "" : task.id, ...shown(task.body) };
}

/** Where a publish went, as the work queue sees it: `<queue>.retry.<delay>` and `<queue>.dead` are beside it. */
function placeOf(
  queues: readonly string[],
  queue: string,
): { to: "queue" | "retry" | "dead"; delayMs: number | null } | undefined {
  if (queues.includes(queue)) return { to: "queue", delayMs: null };
  if (queues.includes(`${queue}.dead`)) return { to: "dead", delayMs: null };
  const prefix = `${queue}.retry.`;
  const found = queues.find((one) => one.startsWith(prefix));
  return found === undefined ? undefined : { to: "retry", delayMs: durationIn(found.slice(prefix.length)) };
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `250ms`, `5s`, `1h`; null where it is none. */
function durationIn(text: string): number | null {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * (unitMs[unit] ?? 0);
}

/** Why a copy was made, from the headers of its worker: `x-attempt`, and `x-failure` with a `reason`. */
function retryOf(headers: Readonly<Record<string, unknown>>, delayMs: number | null): Retry {
  const { "x-attempt": attempt, "x-failure": failure } = headers;
  const reason =
    typeof failure === "object" && failure !== null && "reason" in failure ? failure.reason : failure;
  return {
    delayMs,
    attempt: typeof attempt === "number" ? attempt : null,
    reason: typeof reason === "string" ? printable(reason) : null,
  };
}
