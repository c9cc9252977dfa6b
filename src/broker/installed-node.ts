import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BrokerNode, shutDownWith } from "./broker-node.js";
import { type BrokerConfig, joinLines, quorumByDefaultWords, tlsLines } from "./node-config.js";
import type { BrokerPorts } from "./ports.js";

/**
 * Where packages put the server's own script. Not Debian's /usr/sbin/rabbitmq-server, which switches to the
 * system's rabbitmq user and data.
 */
const folders = [
  "/usr/lib/rabbitmq/bin",
  "/opt/homebrew/opt/rabbitmq/sbin",
  "/usr/local/opt/rabbitmq/sbin",
  "/home/linuxbrew/.linuxbrew/opt/rabbitmq/sbin",
  "/opt/rabbitmq/sbin",
];

/** Returns the path of an installed rabbitmq-server; undefined where there is none. */
export function findInstalled(): string | undefined {
  for (const folder of folders) {
    const path = join(folder, "rabbitmq-server");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** What the nodes of a cluster share. */
interface Cluster {
  /** Erlang's cookie: nodes and tools with the same one may connect to each other. */
  readonly cookie: string;
  /** The port of Erlang's port mapper (epmd), by which they find each other; the last node stops it. */
  readonly epmdPort: number;
  epmdGroup: number | undefined;
  /** The nodes that may still be started. */
  readonly nodes: Set<InstalledNode>;
}

const newCluster = (epmdPort: number): Cluster => ({
  cookie: randomBytes(16).toString("hex"),
  epmdPort,
  epmdGroup: undefined,
  nodes: new Set(),
});

/** A node started from an installed RabbitMQ, with its own name, data and log, and its cluster's cookie and epmd. */
export class InstalledNode implements BrokerNode {
  readonly name: string;
  readonly description: string;
  readonly containers: string[] = [];
  readonly #server: string;
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #cluster: Cluster;
  #nodeGroup: number | undefined;

  /** @param joins the node whose cluster it joins when it is first started; default: a cluster of its own */
  constructor(
    server: string,
    directory: string,
    ports: BrokerPorts,
    { lines, tls, quorumByDefault, data }: BrokerConfig,
    joins?: InstalledNode,
  ) {
    // RabbitMQ finds its data by the node's name, which then must not depend on the port.
    this.name = data === undefined ? `private-${ports.amqp}@localhost` : "private@localhost";
    this.description = `rabbitmq-server (${server})`;
    this.#server = server;
    this.#directory = directory;
    this.#cluster = joins === undefined ? newCluster(ports.epmd) : joins.#cluster;
    this.#cluster.nodes.add(this);
    const at = (name: string) => join(directory, name);
    for (const name of ["home", "data", "log", "schema"]) mkdirSync(at(name));
    writeFileSync(at("home/.erlang.cookie"), this.#cluster.cookie, { mode: 0o400 });
    writeFileSync(at("enabled_plugins"), "[rabbitmq_management].\n");
    writeFileSync(
      at("rabbitmq.conf"),
      [
        `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
        "management.tcp.ip = 127.0.0.1",
        `management.tcp.port = ${ports.management}`,
        ...(tls === undefined ? [] : tlsLines(`127.0.0.1:${ports.tls}`, tls)),
        ...(joins === undefined ? [] : joinLines(joins.name, this.name)),
        ...lines,
        "",
      ].join("\n"),
    );
    this.#environment = {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      HOME: at("home"), // has the Erlang cookie
      ERL_CRASH_DUMP_SECONDS: "0", // else a rabbitmqctl that is killed leaves a dump in the user's folder
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(this.#cluster.epmdPort),
      RABBITMQ_NODENAME: this.name,
      RABBITMQ_MNESIA_BASE: data ?? at("data"),
      RABBITMQ_LOG_BASE: at("log"),
      RABBITMQ_SCHEMA_DIR: at("schema"),
      RABBITMQ_CONFIG_FILE: at("rabbitmq.conf"),
      RABBITMQ_CONF_ENV_FILE: at("no-such-file"),
      RABBITMQ_ADVANCED_CONFIG_FILE: at("no-such-file.config"),
      RABBITMQ_ENABLED_PLUGINS_FILE: at("enabled_plugins"),
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} ${
        quorumByDefault ? quorumByDefaultWords : ""
      }`,
    };
  }

  /** The pids of the process groups of the node and, unless `leave` has left it to other nodes, of its epmd. */
  get groups(): number[] {
    const { nodes, epmdGroup } = this.#cluster;
    const epmd = nodes.has(this) || nodes.size === 0 ? epmdGroup : undefined;
    return [epmd, this.#nodeGroup].filter((group) => group !== undefined);
  }

  /** Whether another node can join it: not after `kill`, and not after `leave`, when its epmd may have been stopped. */
  get isJoinable(): boolean {
    return this.#cluster.nodes.has(this) && this.#nodeGroup !== undefined;
  }

  start(): ChildProcess {
    const cluster = this.#cluster;
    // Erlang would start an epmd as a daemon, which stays behind and serves all nodes of the machine.
    cluster.epmdGroup ??= this.#spawn("epmd", [
      ...["-port", String(cluster.epmdPort)],
      ...["-address", "127.0.0.1"],
    ]).pid;
    const node = this.#spawn(this.#server, []);
    this.#nodeGroup = node.pid;
    return node;
  }

  shutDown(): Promise<void> {
    return shutDownWith(join(this.#server, "..", "rabbitmqctl"), ["shutdown"], this.#environment);
  }

  kill(): void {
    const group = this.#nodeGroup;
    this.#nodeGroup = undefined;
    try {
      if (group !== undefined) process.kill(-group, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  leave(): void {
    this.#cluster.nodes.delete(this);
  }

  run(tool: string, ...args: string[]): string {
    const path = join(this.#server, "..", tool);
    const { status, stdout, stderr } = spawnSync(path, args, { env: this.#environment, encoding: "utf8" });
    if (status !== 0) throw new Error(`${tool} ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }

  log(): string {
    return readFileSync(join(this.#directory, "log", "console"), "utf8");
  }

  #spawn(command: string, args: string[]): ChildProcess {
    const output = openSync(join(this.#directory, "log", "console"), "a");
    const child = spawn(command, args, {
      cwd: this.#directory,
      env: this.#environment,
      detached: true, // a process group of its own: Ctrl-C does not reach it, and kill ends all of it
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    child.on("error", () => {}); // the pid is undefined then, which PrivateBroker.restart checks
    child.unref();
    return child;
  }
}
