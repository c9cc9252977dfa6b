import type { ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WorkQueueError } from "../engine/errors.js";
import type { BrokerNode } from "./broker-node.js";
import { Cleanup } from "./cleanup.js";
import { DockerNode, defaultImage, dockerRuns } from "./docker-node.js";
import { findInstalled, InstalledNode } from "./installed-node.js";
import { KeptData } from "./kept-data.js";
import type { TlsListener } from "./node-config.js";
import { type BrokerPorts, pickPorts } from "./ports.js";
import { accepts, acceptsTls, knowsNode, opensConnections } from "./probe.js";
import { folderPrefix, noteStarted, noteStarting } from "./starting.js";

/** How long a broker may take to start, in ms: an installed one takes seconds, pulling an image minutes. */
const START_MS = 300_000;

/** How a private broker is started. */
export interface StartOptions {
  /** Use 5672 and 15672 where both are free; default: false, other free ports. */
  standardPorts?: boolean;
  /** Start this Docker image even where RabbitMQ is installed; default: TASK_QUEUE_IMAGE of the environment. */
  image?: string | undefined;
  /** More lines at the end of rabbitmq.conf, where they override earlier ones for a setting. Default: none. */
  config?: readonly string[];
  /** Queues declared without a type are quorum queues, where this RabbitMQ can (from 4.0 on). Default: classic. */
  quorumByDefault?: boolean;
  /** Also listen with TLS, at `tlsUrl`; a Docker image's user must be able to read the files. Default: no TLS. */
  tls?: TlsListener;
  /** Keep its data in this folder, made if missing, for the next one started with it. Default: it is removed. */
  data?: string | undefined;
  /** Join the cluster of this running broker; only installed nodes can. Default: a cluster of its own. */
  joins?: PrivateBroker;
  /** When it is aborted, `start` ends what it has started, and rejects with INTERRUPTED. */
  signal?: AbortSignal;
}

/**
 * A private RabbitMQ node: on 127.0.0.1, with the management plugin, its own data and free ports. It can be killed
 * and started again. When it is stopped or this process ends, its processes and files are removed.
 */
export class PrivateBroker {
  readonly #node: BrokerNode;
  readonly #ports: BrokerPorts;
  readonly #hasTls: boolean;
  readonly #directory: string;
  readonly #data: KeptData | undefined;
  readonly #cleanup = new Cleanup();
  #child: ChildProcess | undefined;

  private constructor(
    node: BrokerNode,
    ports: BrokerPorts,
    hasTls: boolean,
    directory: string,
    data: KeptData | undefined,
  ) {
    this.#node = node;
    this.#ports = ports;
    this.#hasTls = hasTls;
    this.#directory = directory;
    this.#data = data;
  }

  /**
   * Starts one from an installed rabbitmq-server or, without one, from the Docker image, and waits until it
   * accepts connections.
   * @throws WorkQueueError BROKER_START, also where it started without joining the cluster; INTERRUPTED when the
   * signal is aborted meanwhile
   */
  static async start(options: StartOptions = {}): Promise<PrivateBroker> {
    // The ports first: `joins` may be stopped meanwhile, and is checked after that.
    const ports = await pickPorts(options.standardPorts ?? false);
    const image = options.image ?? process.env["TASK_QUEUE_IMAGE"];
    const installed = image === undefined ? findInstalled() : undefined;
    const joins = options.joins && joinable(options.joins.#node, installed !== undefined);
    if (installed === undefined && !dockerRuns())
      throw new WorkQueueError(
        "BROKER_START",
        "There is neither an installed rabbitmq-server nor a running Docker engine to start a RabbitMQ from.",
      );
    const { config: lines = [], tls, quorumByDefault = false } = options;
    const data = options.data === undefined ? undefined : new KeptData(options.data);
    const directory = mkdtempSync(join(tmpdir(), folderPrefix));
    const config = { lines, tls, quorumByDefault, data: data?.path };
    const node =
      installed === undefined
        ? new DockerNode(image ?? defaultImage, directory, ports, config)
        : new InstalledNode(installed, directory, ports, config, joins);
    const broker = new PrivateBroker(node, ports, tls !== undefined, directory, data);
    try {
      await broker.restart(options.signal);
      if (joins !== undefined && !(await knowsNode(broker.adminUrl, joins.name)))
        throw new WorkQueueError("BROKER_START", `RabbitMQ started, but could not join ${joins.name}.`);
    } catch (error) {
      await broker.stop();
      throw error;
    }
    return broker;
  }

  /** AMQP URL; the user is guest, which RabbitMQ accepts from this machine only. */
  get url(): string {
    return `amqp://localhost:${this.#ports.amqp}`;
  }

  /** AMQP URL of the TLS listener. @throws Error where it was started without TLS */
  get tlsUrl(): string {
    if (!this.#hasTls) throw new Error("This private broker was started without TLS.");
    return `amqps://localhost:${this.#ports.tls}`;
  }

  /** URL of the admin UI and of the management API, with a slash at the end. */
  get adminUrl(): string {
    return `http://localhost:${this.#ports.management}/`;
  }

  /** Erlang node name, as in `rabbitmqctl cluster_status` and in a queue's members. */
  get nodeName(): string {
    return this.#node.name;
  }

  /** What it was started from. */
  get description(): string {
    return this.#node.description;
  }

  /**
   * Starts it again after `kill`, on the same data and ports, and waits until it accepts connections. Where no node
   * of a cluster runs, restart all at the same time: a node may wait for the others.
   * @throws WorkQueueError BROKER_START; INTERRUPTED when the signal is aborted meanwhile
   */
  async restart(signal?: AbortSignal): Promise<void> {
    noteStarting(this.#directory, this.#ports.amqp);
    const child = this.#node.start();
    this.#child = child;
    this.#noteLeftovers();
    const deadline = Date.now() + START_MS;
    while (!(await this.#isReady())) {
      if (signal?.aborted) throw new WorkQueueError("INTERRUPTED", "Stopped while RabbitMQ was starting.");
      if (
        child.exitCode !== null ||
        child.signalCode !== null ||
        child.pid === undefined ||
        Date.now() > deadline
      ) {
        const why = failureIn(this.#node.log());
        throw new WorkQueueError("BROKER_START", `RabbitMQ did not start from ${this.description}:\n${why}`);
      }
      await sleep(100);
    }
    noteStarted(this.#directory);
  }

  /** Kills it, as a power failure would; its data stays for `restart`. */
  async kill(): Promise<void> {
    this.#node.kill();
    this.#noteLeftovers();
    while (await accepts(this.#ports.amqp)) await sleep(20);
    while (this.#child?.exitCode === null && this.#child.signalCode === null) await sleep(20);
  }

  /**
   * Kills it and removes its data; the other nodes of its cluster keep running, and count it as down. One whose data is
   * kept is stopped in order, which takes seconds.
   */
  async stop(): Promise<void> {
    if (this.#data !== undefined && this.#isRunning) await this.#node.shutDown();
    this.#node.leave();
    this.#noteLeftovers();
    await this.#cleanup.run();
    this.#data?.release();
    // A killed process may still listen for a moment.
    while (await accepts(this.#ports.amqp)) await sleep(20);
  }

  get #isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** The last lines of its log. */
  logEnd(): string {
    return lastLines(this.#node.log());
  }

  /** Resolves when the broker's process ends. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.#isRunning) return;
    child.ref(); // so that this process does not end before the broker
    await new Promise((resolve) => child.once("exit", resolve));
  }

  /**
   * Has RabbitMQ write to disk what was declared so far, and returns when that is done; it blocks for about a second.
   * Mnesia (RabbitMQ 3, and 4.0 without Khepri) hands its log to Erlang's disk_log, which keeps what is written for up to
   * 2 s in memory (disk_log_1.erl): killed meanwhile, the broker forgets a queue with its confirmed tasks.
   * mnesia:sync_log has disk_log write that and calls fsync before it returns. With Khepri it is an error, ignored.
   */
  saveDeclarations(): void {
    this.run("rabbitmqctl", "eval", "catch mnesia:sync_log().");
  }

  /** Runs `rabbitmqctl` or another of RabbitMQ's tools; returns its output. @throws Error where the tool fails */
  run(tool: string, ...args: string[]): string {
    return this.#node.run(tool, ...args);
  }

  #noteLeftovers(): void {
    const { groups, containers } = this.#node;
    this.#cleanup.note({ groups, containers, directory: this.#directory });
  }

  async #isReady(): Promise<boolean> {
    const { amqp, tls, management } = this.#ports;
    if (!(await accepts(amqp)) || !(await accepts(management))) return false;
    return (await opensConnections(this.url)) && (!this.#hasTls || (await acceptsTls(tls)));
  }
}

/** The lines of a log that say why a node did not start: those around RabbitMQ's "BOOT FAILED", else the last. */
export function failureIn(log: string): string {
  const isBanner = (line: string) => line.trimEnd().endsWith("BOOT FAILED");
  const all = linesOf(log);
  // RabbitMQ logs the banner, and also writes it to stderr, which a container's log has before, in or after the other.
  const logged = all.filter((line) => line.includes(" [error] "));
  const lines = logged.some(isBanner) ? logged : all;
  const banner = lines.findIndex(isBanner);
  const found = banner < 0 ? lines.slice(-8) : lines.slice(Math.max(0, banner - 3), banner + 3);
  return found.join("\n");
}

const lastLines = (log: string): string => linesOf(log).slice(-8).join("\n");

const linesOf = (log: string): string[] => log.split("\n").filter((line) => line.trim() !== "");

function joinable(node: BrokerNode, isInstalled: boolean): InstalledNode {
  if (!isInstalled || !(node instanceof InstalledNode))
    throw new WorkQueueError(
      "BROKER_START",
      "Only installed nodes form a cluster, not those of a Docker image.",
    );
  if (!node.isJoinable)
    throw new WorkQueueError(
      "BROKER_START",
      `${node.name} has been killed or stopped: there is nothing to join.`,
    );
  return node;
}
