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
import type { TlsListener } from "./node-config.js";
import { type BrokerPorts, pickPorts } from "./ports.js";
import { accepts, knowsNode, opensConnections, speaksTls } from "./probe.js";

/** How long a broker may take to start, in ms: seconds when installed, minutes when an image is pulled. */
const START_MS = 300_000;

export interface StartOptions {
  /** Take 5672 and 15672 where they are free; default: ports of its own. */
  standardPorts?: boolean;
  /** Start it from this Docker image even where RabbitMQ is installed; default: the environment's TASK_QUEUE_IMAGE. */
  image?: string | undefined;
  /** More lines for its rabbitmq.conf; they come last, and the last of two for one setting counts. Default: none. */
  config?: readonly string[];
  /** Also listen with TLS, at `tlsUrl`; a Docker image's user must be able to read the files. Default: no TLS. */
  tls?: TlsListener;
  /** Become a node of this running broker's cluster: installed nodes only. Default: a cluster of its own. */
  joins?: PrivateBroker;
  /** Aborted: end what was started so far. */
  signal?: AbortSignal;
}

/**
 * A RabbitMQ of one's own: on 127.0.0.1, with the management plugin, own data and free ports, which may
 * be killed and started again, and of which nothing is left when it is stopped or this process ends.
 */
export class PrivateBroker {
  readonly #node: BrokerNode;
  readonly #ports: BrokerPorts;
  readonly #hasTls: boolean;
  readonly #directory: string;
  readonly #cleanup = new Cleanup();
  #child: ChildProcess | undefined;

  private constructor(node: BrokerNode, ports: BrokerPorts, hasTls: boolean, directory: string) {
    this.#node = node;
    this.#ports = ports;
    this.#hasTls = hasTls;
    this.#directory = directory;
  }

  /**
   * Starts one from an installed rabbitmq-server or, without one, from the Docker image, and waits until it
   * accepts connections.
   * @throws WorkQueueError BROKER_START, also where it came up without the cluster it should join; INTERRUPTED
   * when told to stop meanwhile.
   */
  static async start(options: StartOptions = {}): Promise<PrivateBroker> {
    const ports = await pickPorts(options.standardPorts ?? false); // before `joins` is looked at: it may go meanwhile
    const image = options.image ?? process.env["TASK_QUEUE_IMAGE"];
    const installed = image === undefined ? findInstalled() : undefined;
    const joins = options.joins && joinable(options.joins.#node, installed !== undefined);
    if (installed === undefined && !dockerRuns())
      throw new WorkQueueError(
        "BROKER_START",
        "There is neither an installed rabbitmq-server nor a running Docker engine to start a RabbitMQ from.",
      );
    const directory = mkdtempSync(join(tmpdir(), "task-queue-broker-"));
    const config = { lines: options.config ?? [], tls: options.tls };
    const node =
      installed === undefined
        ? new DockerNode(image ?? defaultImage, directory, ports, config)
        : new InstalledNode(installed, directory, ports, config, joins);
    const broker = new PrivateBroker(node, ports, options.tls !== undefined, directory);
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

  /** AMQP URL; the user is guest, whom RabbitMQ lets in from this machine only. */
  get url(): string {
    return `amqp://localhost:${this.#ports.amqp}`;
  }

  /** AMQP URL of the TLS listener. @throws Error where it was started without one. */
  get tlsUrl(): string {
    if (!this.#hasTls) throw new Error("This private broker was started without TLS.");
    return `amqps://localhost:${this.#ports.tls}`;
  }

  get adminUrl(): string {
    return `http://localhost:${this.#ports.management}/`;
  }

  /** Erlang node name: what `rabbitmqctl cluster_status` and a queue's members call it. */
  get nodeName(): string {
    return this.#node.name;
  }

  /** What it was started from. */
  get description(): string {
    return this.#node.description;
  }

  /**
   * Starts it again after `kill`, on the same data and ports, and waits until it accepts connections. A cluster
   * of which nothing runs any more is to be restarted all at once: a node may wait for the others.
   * @throws WorkQueueError BROKER_START
   */
  async restart(signal?: AbortSignal): Promise<void> {
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
        throw new WorkQueueError("BROKER_START", `RabbitMQ did not start from ${this.description}: ${why}`);
      }
      await sleep(100);
    }
  }

  /** Ends it as a power failure would; its data stays for `restart`. */
  async kill(): Promise<void> {
    this.#node.kill();
    this.#noteLeftovers();
    while (await accepts(this.#ports.amqp)) await sleep(20);
    while (this.#child?.exitCode === null && this.#child.signalCode === null) await sleep(20);
  }

  /** Stops it for good and removes its data; the rest of its cluster goes on without it, and counts it as down. */
  async stop(): Promise<void> {
    this.#node.leave();
    this.#noteLeftovers();
    await this.#cleanup.run();
    // A process that was killed still dies for a moment.
    while (await accepts(this.#ports.amqp)) await sleep(20);
  }

  /** Resolves when it ends without having been asked to. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    child.ref(); // else nothing would keep this process from ending before the broker
    await new Promise((resolve) => child.once("exit", resolve));
  }

  /** Runs one of RabbitMQ's tools, `rabbitmqctl` say, against it and returns what it printed. */
  run(tool: string, ...words: string[]): string {
    return this.#node.run(tool, ...words);
  }

  #noteLeftovers(): void {
    const { groups, containers } = this.#node;
    this.#cleanup.note({ groups, containers, directory: this.#directory });
  }

  async #isReady(): Promise<boolean> {
    const { amqp, tls, management } = this.#ports;
    if (!(await accepts(amqp)) || !(await accepts(management))) return false;
    return (await opensConnections(this.url)) && (!this.#hasTls || (await speaksTls(tls)));
  }
}

/** The lines of a log that tell why it did not start: those around RabbitMQ's own "BOOT FAILED", else the last. */
function failureIn(log: string): string {
  const lines = log.trim().split("\n");
  const banner = lines.findIndex((line) => line.trimEnd().endsWith("BOOT FAILED"));
  return (banner < 0 ? lines.slice(-8) : lines.slice(Math.max(0, banner - 3), banner + 3)).join("\n");
}

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
