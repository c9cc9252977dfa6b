import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerNode } from "./broker-node.js";
import type { BrokerPorts } from "./ports.js";

/** The image docker-compose.yml uses too: the current RabbitMQ with its admin UI. */
export const defaultImage = "rabbitmq:4-management";

/** Whether there is a Docker engine to talk to; its client alone is not enough. */
export function dockerRuns(): boolean {
  return spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], { stdio: "ignore" }).status === 0;
}

/** A node started from the Docker image; it keeps its data from one start to the next. */
export class DockerNode implements BrokerNode {
  readonly description: string;
  /** The docker client: killed while it pulls an image, it makes no container any more. */
  groups: number[] = [];
  readonly containers: string[];
  readonly #name: string;
  readonly #image: string;
  readonly #ports: BrokerPorts;
  readonly #output: string;
  #made = false;

  constructor(image: string, directory: string, ports: BrokerPorts) {
    this.description = `Docker image ${image}`;
    this.#image = image;
    this.#output = join(directory, "console");
    this.#name = `task-queue-broker-${process.pid}-${ports.amqp}`;
    this.containers = [this.#name];
    this.#ports = ports;
  }

  start(): ChildProcess {
    const { amqp, management } = this.#ports;
    const run = [
      ["run", "--name", this.#name, "--hostname", this.#name],
      ["--publish", `127.0.0.1:${amqp}:5672`, "--publish", `127.0.0.1:${management}:15672`, this.#image],
    ].flat();
    const again = ["start", "--attach", this.#name];
    // Attached, so that the child ends when the container does; detached from the terminal's Ctrl-C.
    const output = openSync(this.#output, "a");
    const child = spawn("docker", this.#made ? again : run, {
      detached: true,
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#made = true;
    this.groups = child.pid === undefined ? [] : [child.pid];
    child.on("error", () => {}); // seen by whoever waits for the broker
    child.unref();
    return child;
  }

  kill(): void {
    spawnSync("docker", ["kill", this.#name], { stdio: "ignore" });
  }

  run(tool: string, ...words: string[]): string {
    const { status, stdout, stderr } = spawnSync("docker", ["exec", this.#name, tool, ...words], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${tool} ${words.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }

  log(): string {
    return readFileSync(this.#output, "utf8");
  }
}
