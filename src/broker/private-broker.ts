import type { ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { WorkQueueError } from "../queue/errors.js";
import { within } from "../queue/session.js";
import type { BrokerNode } from "./broker-node.js";
import { DockerNode, defaultImage, dockerRuns } from "./docker-node.js";
import { findInstalled, InstalledNode } from "./installed-node.js";
import { Janitor } from "./leftovers.js";
import { type BrokerPorts, pickPorts } from "./ports.js";

/** How long a broker may take to start, in ms: seconds when installed, minutes when an image is pulled. */
const START_MS = 300_000;

export interface StartOptions {
  /** Take 5672 and 15672 where they are free; default: ports of its own. */
  standardPorts?: boolean;
  /** Start it from this Docker image even where RabbitMQ is installed; default: the environment's TASK_QUEUE_IMAGE. */
  image?: string | undefined;
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
  readonly #directory: string;
  readonly #janitor = new Janitor();
  #child: ChildProcess | undefined;

  private constructor(node: BrokerNode, ports: BrokerPorts, directory: string) {
    this.#node = node;
    this.#ports = ports;
    this.#directory = directory;
  }

  /**
   * Starts one from an installed rabbitmq-server or, without one, from the Docker image, and waits until it
   * accepts connections.
   * @throws WorkQueueError BROKER_START; INTERRUPTED when told to stop meanwhile.
   */
  static async start(options: StartOptions = {}): Promise<PrivateBroker> {
    const image = options.image ?? process.env["TASK_QUEUE_IMAGE"];
    const installed = image === undefined ? findInstalled() : undefined;
    if (installed === undefined && !dockerRuns())
      throw new WorkQueueError(
        "BROKER_START",
        "There is neither an installed rabbitmq-server nor a running Docker engine to start a RabbitMQ from.",
      );
    const ports = await pickPorts(options.standardPorts ?? false);
    const directory = mkdtempSync(join(tmpdir(), "task-queue-broker-"));
    const node =
      installed === undefined
        ? new DockerNode(image ?? defaultImage, directory, ports)
        : new InstalledNode(installed, directory, ports);
    const broker = new PrivateBroker(node, ports, directory);
    try {
      await broker.restart(options.signal);
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

  get adminUrl(): string {
    return `http://localhost:${this.#ports.management}/`;
  }

  /** What it was started from. */
  get description(): string {
    return this.#node.description;
  }

  /** Starts it again after `kill`, on the same data and ports. @throws WorkQueueError BROKER_START */
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
        const log = this.#node.log().trim().split("\n").slice(-8).join("\n");
        throw new WorkQueueError("BROKER_START", `RabbitMQ did not start from ${this.description}: ${log}`);
      }
      await sleep(100);
    }
  }

  /** Ends it as a power failure would; its data stays for `restart`. */
  async kill(): Promise<void> {
    this.#node.kill();
    this.#noteLeftovers();
    while (await this.#accepts(this.#ports.amqp)) await sleep(20);
    while (this.#child?.exitCode === null && this.#child.signalCode === null) await sleep(20);
  }

  /** Stops it for good and removes its data. */
  async stop(): Promise<void> {
    this.#noteLeftovers();
    await this.#janitor.clearUp();
    // A process that was killed still dies for a moment.
    while (await this.#accepts(this.#ports.amqp)) await sleep(20);
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
    this.#janitor.note({ groups, containers, directory: this.#directory });
  }

  async #isReady(): Promise<boolean> {
    if (!(await this.#accepts(this.#ports.amqp)) || !(await this.#accepts(this.#ports.management)))
      return false;
    try {
      const connection = await connect(this.url, { timeout: 2_000 });
      connection.on("error", () => {});
      await within(1_000, connection.close());
      return true;
    } catch {
      return false;
    }
  }

  #accepts(port: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connectSocket({ port, host: "127.0.0.1" });
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
  }
}
