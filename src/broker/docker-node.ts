import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { printable } from "../text/printable.js";
import { type BrokerNode, shutDownWith } from "./broker-node.js";
import { type BrokerConfig, quorumByDefaultWords, tlsLines } from "./node-config.js";
import type { BrokerPorts } from "./ports.js";

/** The current RabbitMQ with its admin UI; docker-compose.yml uses the same image. */
export const defaultImage = "rabbitmq:4-management";

/** Whether a Docker engine is running; an installed client alone is not enough. */
export function dockerRuns(): boolean {
  return spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], { stdio: "ignore" }).status === 0;
}

/** A node in a Docker container, which keeps its data when it is started again. */
export class DockerNode implements BrokerNode {
  readonly name: string;
  readonly description: string;
  /** The docker client's: killed while it pulls an image, it creates no container. */
  groups: number[] = [];
  readonly containers: string[];
  readonly #container: string;
  readonly #hostname: string;
  readonly #image: string;
  /** The options of `docker run` that mount files, publish ports and set the environment. */
  readonly #options: string[];
  readonly #output: string;
  #created = false;

  constructor(
    image: string,
    directory: string,
    ports: BrokerPorts,
    { lines, tls, quorumByDefault, data }: BrokerConfig,
  ) {
    this.description = `Docker image ${printable(image)}`;
    this.#image = image;
    this.#output = join(directory, "console");
    this.#container = `task-queue-broker-${process.pid}-${ports.amqp}`;
    this.containers = [this.#container];
    // RabbitMQ finds its data by the node's name, which the image makes of the host name.
    this.#hostname = data === undefined ? this.#container : "task-queue-broker";
    this.name = `rabbit@${this.#hostname}`;
    this.#options = [...published(ports.amqp, 5672), ...published(ports.management, 15672)];
    if (data !== undefined) {
      // The image gives all that is mounted there to a user of its own, so it is a folder with nothing else in it.
      const source = join(data, "docker");
      mkdirSync(source, { recursive: true });
      this.#options.push("--mount", `type=bind,source=${source},target=/var/lib/rabbitmq`);
    }
    if (quorumByDefault)
      this.#options.push("--env", `RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=${quorumByDefaultWords}`);
    const config = [...lines];
    if (tls !== undefined) {
      const inside = {
        ca: "/etc/rabbitmq/tls/ca.pem",
        cert: "/etc/rabbitmq/tls/cert.pem",
        key: "/etc/rabbitmq/tls/key.pem",
      };
      for (const file of ["ca", "cert", "key"] as const)
        this.#options.push(...mounted(tls[file], inside[file]));
      this.#options.push(...published(ports.tls, 5671));
      config.unshift(...tlsLines("0.0.0.0:5671", { ...tls, ...inside }));
    }
    if (config.length > 0) {
      const file = join(directory, "90-private.conf");
      writeFileSync(file, `${config.join("\n")}\n`);
      chmodSync(file, 0o644); // independent of the umask: the container's user must be able to read it
      this.#options.push(...mounted(file, "/etc/rabbitmq/conf.d/90-private.conf"));
    }
  }

  start(): ChildProcess {
    const run = [
      "run",
      "--name",
      this.#container,
      "--hostname",
      this.#hostname,
      ...this.#options,
      this.#image,
    ];
    const again = ["start", "--attach", this.#container];
    // Attached to the container, so that the child ends when it does; a process group of its own, away from Ctrl-C.
    const output = openSync(this.#output, "a");
    const child = spawn("docker", this.#created ? again : run, {
      detached: true,
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#created = true;
    this.groups = child.pid === undefined ? [] : [child.pid];
    child.on("error", () => {}); // the pid is undefined then, which PrivateBroker.restart checks
    child.unref();
    return child;
  }

  shutDown(): Promise<void> {
    return shutDownWith("docker", ["stop", "--time", "30", this.#container]);
  }

  kill(): void {
    spawnSync("docker", ["kill", this.#container], { stdio: "ignore" });
  }

  leave(): void {} // a container shares nothing

  run(tool: string, ...args: string[]): string {
    const { status, stdout, stderr } = spawnSync("docker", ["exec", this.#container, tool, ...args], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${tool} ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }

  log(): string {
    return readFileSync(this.#output, "utf8");
  }
}

const published = (port: number, inside: number): string[] => ["--publish", `127.0.0.1:${port}:${inside}`];

const mounted = (file: string, inside: string): string[] => [
  "--mount",
  `type=bind,source=${resolve(file)},target=${inside},readonly`,
];
