import type { Derived, LiveTask, Retry, Unstamped } from "./live-event.js";

/** A message that the firehose has copied. */
export interface Traced {
  /** `<connection> (<channel>)`, as the management API names a channel. */
  channel: string;
  /** Its message id; empty: it has none. */
  id: string;
  /** Of the body: messages without id, or with the same one, are told apart by it. */
  hash: string;
  /** The task as it is shown; its id is set here. */
  task: Omit<LiveTask, "id">;
}

/** A copy of a task in a queue beside the work queue. */
export interface TracedPublish extends Traced {
  to: "queue" | "retry" | "dead";
  retry?: Retry;
}

export interface TracedDelivery extends Traced {
  redelivered: boolean;
}

/** What a worker that this page started says about a task. */
export interface OwnTask {
  id: string;
  hash: string;
  task: Omit<LiveTask, "id">;
}

/** What the management API and a passive declaration say. Times are when they were asked, in ms. */
export interface Sample {
  askedAt: number;
  /** Whether there is such a queue. */
  exists: boolean;
  ready: number;
  /** Null: not known. */
  unacknowledged: number | null;
  /** How old `unacknowledged` may be, in ms; 0: it is exact. */
  unacknowledgedAge: number;
  /** Null: not known. */
  consumers: Consumer[] | null;
  dead: number | null;
}

export interface Consumer {
  channel: string;
  /** Its consumer tag, or a better name. */
  name: string;
  tag: string;
  prefetch: number;
  autoAck: boolean;
  /** Unacknowledged tasks of its channel, up to `CHANNEL_AGE_MS` old; null: not known, or several consumers share it. */
  unacknowledged: number | null;
}

/** How old a channel's count may be: RabbitMQ samples every 5 s, and answers from a cache. */
const CHANNEL_AGE_MS = 11_000;

/** How long a delivery to an unknown channel waits for a worker of this page to say that it is its own. */
export const HOLD_MS = 250;

/** The most deliveries and publishes that are remembered singly. */
const MOST_KNOWN = 20_000;

interface Known {
  key: string;
  task: LiveTask;
  since: number;
}

interface Held extends Known {
  begun: boolean;
}

interface Worker {
  id: string;
  name: string;
  own: boolean;
  channel: string | null;
  prefetch: number | null;
  autoAck: boolean;
  held: Held[];
  /** Tasks that it reported before the firehose had them, by key. */
  ahead: Map<string, number>;
  /** Whether a sample had it. */
  sampled: boolean;
  seenAt: number;
}

type Pending = { at: number; delivery: TracedDelivery };

/**
 * Puts together what the firehose, the samples and the started processes say, and emits one stream of events. It knows
 * which task is where, so that it can say what ended though nobody saw it end: that is marked as derived. No I/O and
 * no clock: every call has its time, in ms.
 */
export class Correlator {
  readonly #emit: (event: Unstamped, at: number) => void;
  readonly #ownSender: string;
  readonly #workers = new Map<string, Worker>();
  readonly #byChannel = new Map<string, Worker>();
  readonly #senders = new Map<string, { id: string; name: string; own: boolean }>();
  /** Ready tasks that are known singly, by key; those of one key in order. */
  readonly #waiting = new Map<string, Known[]>();
  #waitingCount = 0;
  /** Waiting for a retry, by key. */
  readonly #retrying = new Map<string, { task: LiveTask; until: number | null }>();
  /** Ids in use. */
  readonly #ids = new Set<string>();
  /** Deliveries to a channel that may belong to a worker of this page which is not yet known to. */
  #pending: Pending[] = [];
  /** Ids that a sender of this page has published. */
  readonly #ownIds = new Set<string>();
  /** Channels that are gone, and since when: samples go on showing them for a while. */
  readonly #departed = new Map<string, number>();
  /** Who published the latest tasks, by message id. */
  readonly #publishedBy = new Map<string, string>();
  #made = 0;
  #numbers = { worker: 0, sender: 0 };
  /** For what only two samples in a row can show. */
  #changes = 0;
  #short: { changes: number; ready: number } | undefined;
  #lastCounted = "";
  #trace = false;

  /** @param sender what the senders are called that the page, or the lesson it shows, has started */
  constructor(emit: (event: Unstamped, at: number) => void, sender = "this page") {
    this.#emit = emit;
    this.#ownSender = sender;
  }

  /** Whether the firehose can be seen. */
  set trace(on: boolean) {
    this.#trace = on;
  }

  /** Everything known of single tasks is out of date. Workers stay. */
  forget(): void {
    this.#waiting.clear();
    this.#waitingCount = 0;
    this.#retrying.clear();
    this.#ids.clear();
    this.#pending = [];
    this.#short = undefined;
    this.#lastCounted = "";
    for (const worker of this.#workers.values()) {
      worker.held = [];
      worker.ahead.clear();
    }
  }

  /** The id of the worker of a channel; a foreign one that is new joins. For counting. */
  workerOf(channel: string, at: number): string {
    return (this.#byChannel.get(channel) ?? this.#foreign(channel, at)).id;
  }

  publish(traced: TracedPublish, at: number): void {
    this.#changes++;
    const sender = this.#senderOf(traced);
    const key = keyOf(traced);
    if (traced.to !== "queue") {
      this.#copied(traced, key, sender, at);
      return;
    }
    const back = this.#retrying.get(key);
    this.#retrying.delete(key);
    const task = back?.task ?? this.#newTask(traced);
    this.#wait({ key, task, since: at });
    this.#emit({ event: "task-published", name: sender.name, sender: sender.id, task, to: "queue" }, at);
  }

  deliver(delivery: TracedDelivery, at: number): void {
    this.#changes++;
    const worker = this.#byChannel.get(delivery.channel) ?? this.#ownWaitingFor(delivery);
    if (worker !== undefined) {
      this.#delivered(worker, delivery, at);
      return;
    }
    const mayBeOwn = [...this.#workers.values()].some(({ own, channel }) => own && channel === null);
    if (mayBeOwn) this.#pending.push({ at, delivery });
    else this.#delivered(this.#foreign(delivery.channel, at), delivery, at);
  }

  /** To be called now and then: deliveries that nobody claims are a foreign worker's. */
  settle(now: number): void {
    while (this.#pending[0] !== undefined && now - this.#pending[0].at >= HOLD_MS) {
      const { at, delivery } = this.#pending[0];
      this.#pending.shift();
      this.#delivered(
        this.#byChannel.get(delivery.channel) ?? this.#foreign(delivery.channel, at),
        delivery,
        at,
        false,
      );
    }
  }

  /** A worker of this page, or of the lesson it shows, is being started; returns its id. @param about `acts`: the page's buttons may act on it */
  ownJoins(
    name: string,
    { prefetch, dotMs, acts }: { prefetch: number | null; dotMs: number; acts: boolean },
    at: number,
  ): string {
    const worker = this.#join(name, true, null, at);
    worker.prefetch = prefetch;
    this.#emit({ event: "worker-joined", name, worker: worker.id, own: acts, prefetch, dotMs }, at);
    return worker.id;
  }

  /** It consumes. */
  ownConsumes(id: string, prefetch: number, autoAck: boolean, at: number): void {
    const worker = this.#workers.get(id);
    if (worker === undefined || (worker.prefetch === prefetch && worker.autoAck === autoAck)) return;
    Object.assign(worker, { prefetch, autoAck });
    this.#emit({ event: "worker-known", name: worker.name, worker: id, prefetch, autoAck }, at);
  }

  /** It has a new connection. */
  ownConnected(id: string, at: number): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    if (worker.channel !== null) this.#depart(worker.channel, at);
    worker.channel = null;
  }

  ownReceived(id: string, own: OwnTask, redelivered: boolean, at: number): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    const key = keyOf(own);
    this.#claim(worker, key);
    let held = worker.held.find((one) => one.key === key && !one.begun);
    if (held === undefined) {
      if (this.#trace) worker.ahead.set(key, (worker.ahead.get(key) ?? 0) + 1);
      held = this.#hold(worker, { ...own, channel: "", redelivered }, at);
    }
    held.begun = true;
    this.#emit({ event: "task-received", name: worker.name, worker: id, task: held.task, redelivered }, at);
  }

  /** A worker of this page says how a task ended. */
  ownEnded(
    id: string,
    own: OwnTask,
    event: "task-done" | "task-failed" | "task-requeued",
    seconds: number,
    at: number,
  ): void {
    const worker = this.#workers.get(id);
    const key = keyOf(own);
    const held = worker?.held.find((one) => one.key === key && one.begun);
    if (worker === undefined || held === undefined) return;
    this.#release(worker, held);
    const about = { name: worker.name, worker: id, task: held.task };
    if (event === "task-done") this.#emit({ event, ...about, seconds }, at);
    else this.#emit({ event, ...about }, at);
    if (event === "task-requeued") this.#wait(held);
    if (worker.channel !== null) this.#settleOn(worker, worker.channel);
  }

  /** The worker's process has ended, or its channel is gone: what it held is in the queue again. */
  left(id: string, how: "stopped" | "killed" | "gone" | "failed", at: number, derived?: Derived): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    if (worker.own && worker.channel === null) this.settle(at + HOLD_MS);
    const { name } = worker;
    if (how === "killed") this.#emit({ event: "worker-killed", name, worker: id }, at);
    else
      this.#emit(
        { event: "worker-left", name, worker: id, how, ...(derived === undefined ? {} : { derived }) },
        at,
      );
    for (const held of worker.held) this.#lost(worker, held, "worker gone", at);
    worker.held = [];
    this.#workers.delete(id);
    if (worker.channel !== null) this.#depart(worker.channel, at);
  }

  #depart(channel: string, at: number): void {
    this.#byChannel.delete(channel);
    this.#departed.set(channel, at);
    if (this.#departed.size > 500) this.#departed.delete(first(this.#departed.keys()));
  }

  /** The broker has gone, and every connection with it. Workers of this page connect again, foreign ones as new. */
  brokerLost(at: number): void {
    this.settle(Number.POSITIVE_INFINITY);
    for (const worker of [...this.#workers.values()]) {
      if (!worker.own) this.left(worker.id, "gone", at, "worker gone");
      else {
        for (const held of worker.held) this.#lost(worker, held, "worker gone", at);
        worker.held = [];
        worker.ahead.clear();
        this.ownConnected(worker.id, at);
      }
    }
  }

  /** A sender of this page has published this message. */
  ownSent(id: string, own: OwnTask, at: number): void {
    if (!this.#trace) {
      const task = this.#newTask(own);
      this.#wait({ key: keyOf(own), task, since: at });
      this.#emit({ event: "task-published", name: this.#ownSender, sender: "page", task, to: "queue" }, at);
      return;
    }
    const channel = this.#publishedBy.get(id);
    const sender = channel === undefined ? undefined : this.#senders.get(channel);
    if (sender === undefined) this.#ownIds.add(id);
    else if (!sender.own) {
      Object.assign(sender, { own: true, name: this.#ownSender });
      this.#emit({ event: "sender-known", name: sender.name, sender: sender.id, own: true }, at);
      sender.id = "page";
    }
  }

  /** @param single false: single tasks are not followed now, there are only counts */
  sample(sample: Sample, single: boolean, at: number): void {
    if (sample.consumers !== null) this.#consumers(sample.consumers, sample.askedAt, at);
    if (this.#trace && single) {
      this.#endByChannel(sample, at);
      this.#endByCount(sample, at);
      this.#expire(sample, at);
    }
    const known = this.#waitingCount;
    const unseen = Math.max(sample.ready - known, 0);
    const { exists, ready, unacknowledged, dead } = sample;
    const counted = JSON.stringify([exists, ready, unacknowledged, unseen, dead]);
    if (counted === this.#lastCounted) return;
    this.#lastCounted = counted;
    this.#emit({ event: "counted", name: "broker", exists, ready, unacknowledged, unseen, dead }, at);
  }

  #senderOf(traced: TracedPublish): { id: string; name: string; own: boolean } {
    const { channel, id } = traced;
    // A worker publishes its retries and dead letters itself.
    const worker = this.#byChannel.get(channel);
    if (worker !== undefined) return { id: worker.id, name: worker.name, own: worker.own };
    if (id !== "") {
      this.#publishedBy.set(id, channel);
      if (this.#publishedBy.size > 1_000) this.#publishedBy.delete(first(this.#publishedBy.keys()));
    }
    const own = this.#ownIds.delete(id);
    const known = this.#senders.get(channel);
    if (known !== undefined) return known;
    const sender = own
      ? { id: "page", name: this.#ownSender, own }
      : { id: `s${++this.#numbers.sender}`, name: `port ${portOf(channel)}`, own };
    this.#senders.set(channel, sender);
    if (this.#senders.size > 500) this.#senders.delete(first(this.#senders.keys()));
    return sender;
  }

  /** A copy was published to a retry queue or as a dead letter; the worker that holds the task has failed it. */
  #copied(traced: TracedPublish, key: string, sender: { id: string; name: string }, at: number): void {
    const holder = [...this.#workers.values()].find(({ held }) => held.some((one) => one.key === key));
    const held = holder?.held.find((one) => one.key === key);
    const task = held?.task ?? this.#newTask(traced);
    if (holder !== undefined && held !== undefined) {
      this.#release(holder, held);
      this.#emit({ event: "task-failed", name: holder.name, worker: holder.id, task }, at);
    }
    const { to, retry } = traced;
    const until = retry?.delayMs == null ? null : at + retry.delayMs;
    if (to === "retry") this.#retrying.set(key, { task, until });
    const about = { name: holder?.name ?? sender.name, sender: sender.id, task, to };
    this.#emit({ event: "task-published", ...about, ...(retry === undefined ? {} : { retry }) }, at);
  }

  /** @param waits whether it may be put off until the worker has said what it has done */
  #delivered(worker: Worker, delivery: TracedDelivery, at: number, waits = true): void {
    const key = keyOf(delivery);
    worker.seenAt = at;
    const ahead = worker.ahead.get(key) ?? 0;
    if (ahead > 0) {
      if (ahead === 1) worker.ahead.delete(key);
      else worker.ahead.set(key, ahead - 1);
      return;
    }
    // The worker that had it before has lost it.
    if (delivery.redelivered) {
      const before = this.#holderOf(key, delivery.channel);
      if (before !== undefined) {
        this.#release(before.worker, before.held);
        this.#lost(before.worker, before.held, "redelivered", at);
      }
    }
    const { prefetch, autoAck } = worker;
    if (
      worker.own &&
      waits &&
      !autoAck &&
      prefetch !== null &&
      prefetch > 0 &&
      worker.held.length >= prefetch
    ) {
      // It has acknowledged one, and will say so in a moment.
      this.#pending.push({ at, delivery });
      return;
    }
    if (!worker.own && prefetch !== null && prefetch > 0)
      while (worker.held.length >= prefetch) this.#done(worker, "next delivery", at);
    const held = this.#hold(worker, delivery, at);
    const about = {
      name: worker.name,
      worker: worker.id,
      task: held.task,
      redelivered: delivery.redelivered,
    };
    if (worker.own) this.#emit({ event: "task-delivered", ...about }, at);
    else {
      held.begun = true;
      this.#emit({ event: "task-received", ...about, traced: true }, at);
      if (autoAck) this.#done(worker, "auto-ack", at);
    }
  }

  #hold(worker: Worker, delivery: TracedDelivery, at: number): Held {
    const key = keyOf(delivery);
    const waiting = this.#take(key);
    const retried = waiting === undefined ? this.#retrying.get(key) : undefined;
    if (retried !== undefined) this.#retrying.delete(key);
    const task = waiting?.task ?? retried?.task ?? this.#newTask(delivery, delivery.redelivered);
    const held: Held = { key, task, since: at, begun: false };
    worker.held.push(held);
    // A foreign worker without a limit of unacknowledged tasks must not fill the memory.
    if (worker.held.length > MOST_KNOWN) this.#done(worker, "count", at);
    return held;
  }

  /** The worker that holds a task of this key; another channel's first. */
  #holderOf(key: string, channel: string): { worker: Worker; held: Held } | undefined {
    const holders = [...this.#workers.values()].flatMap((worker) => {
      const held = worker.held.find((one) => one.key === key);
      return held === undefined ? [] : [{ worker, held }];
    });
    return holders.find(({ worker }) => worker.channel !== channel) ?? holders[0];
  }

  /** The oldest task that a worker holds is done; nobody saw it. */
  #done(worker: Worker, derived: Derived, at: number): void {
    const held = worker.held.shift();
    if (held === undefined) return;
    const seconds = Math.max(at - held.since, 0) / 1000;
    this.#emit(
      { event: "task-done", name: worker.name, worker: worker.id, task: held.task, seconds, derived },
      at,
    );
  }

  #lost(worker: Worker, held: Held, derived: Derived, at: number): void {
    // With auto-ack the broker counts it as done when it sends it: it does not come back.
    if (worker.autoAck) {
      this.#emit(
        { event: "task-failed", name: worker.name, worker: worker.id, task: held.task, derived },
        at,
      );
      return;
    }
    this.#wait(held);
    this.#emit(
      { event: "task-requeued", name: worker.name, worker: worker.id, task: held.task, derived },
      at,
    );
  }

  #release(worker: Worker, held: Held): void {
    worker.held.splice(worker.held.indexOf(held), 1);
  }

  #wait({ key, task, since }: Known): void {
    if (this.#waitingCount >= MOST_KNOWN) return;
    const list = this.#waiting.get(key);
    if (list === undefined) this.#waiting.set(key, [{ key, task, since }]);
    else list.push({ key, task, since });
    this.#waitingCount++;
  }

  #take(key: string): Known | undefined {
    const list = this.#waiting.get(key);
    const found = list?.shift();
    if (found !== undefined) this.#waitingCount--;
    if (list?.length === 0) this.#waiting.delete(key);
    return found;
  }

  /** @param known it was sent before, so it is the task of that id, though it was taken to be done */
  #newTask({ id, task }: OwnTask, known = false): LiveTask {
    if (known && id !== "" && !this.#isAbout(id)) {
      this.#ids.add(id);
      return { id, ...task };
    }
    const base = id === "" ? "m" : id;
    let unique = id === "" ? `m${++this.#made}` : id;
    for (let number = 2; this.#ids.has(unique); number++)
      unique = id === "" ? `m${++this.#made}` : `${base}~${number}`;
    this.#ids.add(unique);
    if (this.#ids.size > 2 * MOST_KNOWN) this.#ids.delete(first(this.#ids));
    return { id: unique, ...task };
  }

  /** Whether a task of this id waits, or is at a worker. */
  #isAbout(id: string): boolean {
    const waits = [...this.#waiting.values()].some((list) => list.some(({ task }) => task.id === id));
    return waits || [...this.#workers.values()].some(({ held }) => held.some(({ task }) => task.id === id));
  }

  #join(name: string, own: boolean, channel: string | null, at: number): Worker {
    const id = `w${++this.#numbers.worker}`;
    const worker: Worker = {
      ...{
        id,
        name,
        own,
        channel,
        prefetch: null,
        autoAck: false,
        held: [],
        ahead: new Map(),
        sampled: false,
      },
      seenAt: at,
    };
    this.#workers.set(id, worker);
    if (channel !== null) this.#byChannel.set(channel, worker);
    return worker;
  }

  #foreign(channel: string, at: number): Worker {
    this.#departed.delete(channel);
    const worker = this.#join(`port ${portOf(channel)}`, false, channel, at);
    const { id, name } = worker;
    this.#emit({ event: "worker-joined", name, worker: id, own: false, prefetch: null, dotMs: null }, at);
    return worker;
  }

  /** The worker of this page that has reported this task before the firehose did: the channel is its own. */
  #ownWaitingFor(delivery: TracedDelivery): Worker | undefined {
    const key = keyOf(delivery);
    const found = [...this.#workers.values()].find(
      ({ own, channel, ahead }) => own && channel === null && ahead.has(key),
    );
    if (found !== undefined) this.#settleOn(found, delivery.channel);
    return found;
  }

  /** A worker of this page has begun a task: the channel on which that was delivered is its own. */
  #claim(worker: Worker, key: string): void {
    const { channel } = worker;
    const found = this.#pending.find(
      ({ delivery }) => keyOf(delivery) === key && (channel === null || channel === delivery.channel),
    );
    if (found !== undefined) this.#settleOn(worker, found.delivery.channel, false);
  }

  #settleOn(worker: Worker, channel: string, waits = true): void {
    worker.channel = channel;
    this.#byChannel.set(channel, worker);
    const [mine, others]: [Pending[], Pending[]] = [[], []];
    for (const one of this.#pending) (one.delivery.channel === channel ? mine : others).push(one);
    this.#pending = others;
    for (const { at, delivery } of mine) this.#delivered(worker, delivery, at, waits);
  }

  #consumers(consumers: Consumer[], askedAt: number, at: number): void {
    const present = new Set<Worker>();
    for (const { channel, tag, name, prefetch, autoAck } of consumers) {
      let worker = this.#byChannel.get(channel);
      if (worker === undefined) {
        if (this.#departed.has(channel)) continue;
        const own = [...this.#workers.values()].find(
          (one) => one.own && one.channel === null && one.name === tag,
        );
        if (own !== undefined) this.#settleOn(own, channel);
        worker = own ?? this.#foreign(channel, at);
      }
      present.add(worker);
      worker.sampled = true;
      if (worker.own) continue;
      const isNew = worker.prefetch !== prefetch || worker.autoAck !== autoAck;
      if (!isNew && worker.name === name) continue;
      Object.assign(worker, { name, prefetch, autoAck });
      this.#emit({ event: "worker-known", name, worker: worker.id, prefetch, autoAck }, at);
      if (autoAck) while (worker.held.length > 0) this.#done(worker, "auto-ack", at);
      if (prefetch > 0) while (worker.held.length > prefetch) this.#done(worker, "next delivery", at);
    }
    for (const worker of [...this.#workers.values()])
      if (!worker.own && worker.sampled && !present.has(worker) && worker.seenAt < askedAt)
        this.left(worker.id, "gone", at, "count");
  }

  /** A channel's count is old: it says something only of what was sent before it can have been taken. */
  #endByChannel({ consumers, askedAt }: Sample, at: number): void {
    for (const { channel, unacknowledged } of consumers ?? []) {
      const worker = this.#byChannel.get(channel);
      if (worker === undefined || worker.own || unacknowledged === null) continue;
      const old = worker.held.filter(({ since }) => since < askedAt - CHANNEL_AGE_MS).length;
      // If nothing was sent meanwhile, the count is of these.
      if (old < worker.held.length) continue;
      while (worker.held.length > unacknowledged) this.#done(worker, "count", at);
    }
  }

  /** The queue's count: where it is 0 everything is done; where only one worker is in question, it is that one. */
  #endByCount({ unacknowledged, unacknowledgedAge, askedAt }: Sample, at: number): void {
    if (unacknowledged === null || this.#pending.length > 0) return;
    const before = askedAt - unacknowledgedAge;
    const workers = [...this.#workers.values()].filter(({ held }) => held.length > 0);
    if (workers.some(({ held }) => held.some(({ since }) => since >= before))) return;
    const foreign = workers.filter(({ own }) => !own);
    const held = workers.reduce((sum, one) => sum + one.held.length, 0);
    const [only] = foreign;
    if (unacknowledged === 0) {
      for (const worker of foreign) while (worker.held.length > 0) this.#done(worker, "count", at);
    } else if (foreign.length === 1 && only !== undefined) {
      const own = held - only.held.length;
      for (let more = only.held.length - Math.max(unacknowledged - own, 0); more > 0; more--)
        this.#done(only, "count", at);
    }
  }

  /** Two samples in a row, and nothing between them, show fewer ready tasks than are known: the oldest are gone. */
  #expire({ ready, askedAt }: Sample, at: number): void {
    const short = this.#waitingCount > ready ? { changes: this.#changes, ready } : undefined;
    const confirmed =
      short !== undefined && this.#short?.changes === short.changes && this.#short.ready === ready;
    this.#short = short;
    if (!confirmed) return;
    const known = [...this.#waiting.values()].flat().sort((a, b) => a.since - b.since);
    if (known.some(({ since }) => since >= askedAt)) return;
    for (const { key, task } of known.slice(0, known.length - ready)) {
      this.#take(key);
      this.#emit({ event: "task-gone", name: "broker", task, derived: "count" }, at);
    }
  }
}

const keyOf = ({ id, hash }: { id: string; hash: string }): string => `${id}\n${hash}`;

/** `127.0.0.1:56432 -> 127.0.0.1:5672 (1)`: 56432. */
const portOf = (channel: string): string => /:(\d+) ->/.exec(channel)?.[1] ?? channel.slice(0, 40);

function first<T>(values: Iterable<T>): T {
  for (const value of values) return value;
  throw new Error("There is none.");
}
