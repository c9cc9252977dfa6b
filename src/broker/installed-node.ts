import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerNode } from "./broker-node.js";
import type { BrokerPorts } from "./ports.js";

/**
 * Where packages put the server's own script. Debian's /usr/sbin/rabbitmq-server is not among them: it
 * changes to the system's rabbitmq user and data.
 */
const places = [
  "/usr/lib/rabbitmq/bin",
  "/opt/homebrew/opt/rabbitmq/sbin",
  "/usr/local/opt/rabbitmq/sbin",
  "/home/linuxbrew/.linuxbrew/opt/rabbitmq/sbin",
  "/opt/rabbitmq/sbin",
];

/** The path of an installed rabbitmq-server, or undefined. */
export function findInstalled(): string | undefined {
  for (const place of places) {
    const path = join(place, "rabbitmq-server");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** A node of its own started from an installed RabbitMQ: own name, data, log, cookie and epmd. */
export class InstalledNode implements BrokerNode {
  readonly description: string;
  readonly containers: string[] = [];
  readonly #server: string;
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #epmdPort: number;
  #epmdGroup: number | undefined;
  #nodeGroup: number | undefined;

  constructor(server: string, directory: string, ports: BrokerPorts) {
    this.description = `rabbitmq-server (${server})`;
    this.#server = server;
    this.#directory = directory;
    this.#epmdPort = ports.epmd;
    const at = (name: string) => join(directory, name);
    for (const name of ["home", "data", "log", "schema"]) mkdirSync(at(name));
    writeFileSync(at("enabled_plugins"), "[rabbitmq_management].\n");
    writeFileSync(
      at("rabbitmq.conf"),
      [
        `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
        "management.tcp.ip = 127.0.0.1",
        `management.tcp.port = ${ports.management}`,
        "",
      ].join("\n"),
    );
    this.#environment = {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      HOME: at("home"), // for the Erlang cookie
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(ports.epmd),
      RABBITMQ_NODENAME: `private-${ports.amqp}@localhost`,
      RABBITMQ_MNESIA_BASE: at("data"),
      RABBITMQ_LOG_BASE: at("log"),
      RABBITMQ_SCHEMA_DIR: at("schema"),
      RABBITMQ_CONFIG_FILE: at("rabbitmq.conf"),
      RABBITMQ_CONF_ENV_FILE: at("no-such-file"),
      RABBITMQ_ADVANCED_CONFIG_FILE: at("no-such-file.config"),
      RABBITMQ_ENABLED_PLUGINS_FILE: at("enabled_plugins"),
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    };
  }

  /** Pids that lead the process groups of the node and of its epmd. */
  get groups(): number[] {
    return [this.#epmdGroup, this.#nodeGroup].filter((group) => group !== undefined);
  }

  start(): ChildProcess {
    // epmd of its own: one started by Erlang would stay behind as a daemon, for all nodes of the machine.
    this.#epmdGroup ??= this.#spawn("epmd", ["-port", String(this.#epmdPort), "-address", "127.0.0.1"]).pid;
    const node = this.#spawn(this.#server, []);
    this.#nodeGroup = node.pid;
    return node;
  }

  kill(): void {
    const group = this.#nodeGroup;
    this.#nodeGroup = undefined;
    try {
      if (group !== undefined) process.kill(-group, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  /** Runs one of RabbitMQ's own tools, `rabbitmqctl` say, against this node; returns what it printed. */
  run(tool: string, ...words: string[]): string {
    const path = join(this.#server, "..", tool);
    const { status, stdout, stderr } = spawnSync(path, words, { env: this.#environment, encoding: "utf8" });
    if (status !== 0) throw new Error(`${tool} ${words.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }

  log(): string {
    return readFileSync(join(this.#directory, "log", "console"), "utf8");
  }

  #spawn(command: string, words: string[]): ChildProcess {
    const output = openSync(join(this.#directory, "log", "console"), "a");
    const child = spawn(command, words, {
      cwd: this.#directory,
      env: this.#environment,
      detached: true, // a group of its own: Ctrl-C is not for the broker, and kill reaches all of it
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    child.on("error", () => {}); // seen by whoever waits for the broker
    child.unref();
    return child;
  }
}
