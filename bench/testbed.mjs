import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { PrivateBroker } from "../dist/broker/private-broker.js";
import { cpuOf, cpuOfChildren, isErlang, peakMemoryOf } from "./proc.mjs";

/** How long a run may take, and how long the broker may take to show what it did, in ms. */
const RUN_MS = 300_000;
const SHOWS_MS = 10_000;

const docker = (...words) => spawnSync("docker", words, { encoding: "utf8" }).stdout ?? "";

/** A private broker, a folder for files, and the processes that run: nothing of it is left at the end. */
export class Testbed {
  /** For the files of a run; empty at first. */
  directory = mkdtempSync(join(tmpdir(), "task-queue-bench-"));
  /** With the user's name, for not every client has RabbitMQ's default, and an address that needs no lookup. */
  url;
  #running = new Set();
  #aborting = new AbortController();
  #broker;
  /** Of its Erlang; null where that is no process of this machine. */
  #brokerPid = null;
  #ended;
  #queues = 0;
  #files = 0;

  async start() {
    this.#broker = await PrivateBroker.start({ signal: this.#aborting.signal });
    this.url = this.#broker.url.replace("//localhost", "//guest:guest@127.0.0.1");
    const pid = this.#evaluate("list_to_binary(os:getpid()).").replaceAll(/\D/g, "");
    if (isErlang(pid)) this.#brokerPid = pid;
    else this.#lookIntoContainer();
  }

  /**
   * Finds the Erlang of a container, where its processes are this machine's. The clients then connect to the container's
   * own address: Docker's proxy, behind the published port, costs a third of the rates.
   */
  #lookIntoContainer() {
    const container = this.#broker.nodeName.split("@")[1];
    const pid = /^\s*(\d+)\s+beam/m.exec(docker("top", container, "-eo", "pid,comm"))?.[1];
    if (!isErlang(pid)) return;
    const address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    this.url = `amqp://guest:guest@${docker("inspect", "--format", address, container).trim()}:5672`;
    this.#brokerPid = pid;
  }

  /** What is measured, for the results. */
  get broker() {
    const number = (expression) => /[\d.]+/.exec(this.#evaluate(expression))?.[0];
    return {
      version: number("rabbit_misc:version()."),
      erlang: number("erlang:system_info(otp_release)."),
      description: this.#broker.description,
    };
  }

  /** What the broker's Erlang answers to an expression. */
  #evaluate(expression) {
    return this.#broker.run("rabbitmqctl", "eval", expression);
  }

  /** A file of so many lines, all of one size. */
  file(count, lineOf) {
    const path = join(this.directory, `tasks-${++this.#files}.txt`);
    const lines = Array.from({ length: count }, (_, at) => `${lineOf(at + 1)}\n`);
    writeFileSync(path, lines.join(""));
    return path;
  }

  /** Declares a queue of its own for `use`, and deletes it afterwards. */
  async withQueue(type, use) {
    const queue = `bench-${++this.#queues}`;
    const kind = type === "quorum" ? { "x-queue-type": "quorum" } : {};
    await this.#ask((channel) => channel.assertQueue(queue, { durable: true, arguments: kind }));
    const result = await use(queue);
    await this.#ask((channel) => channel.deleteQueue(queue));
    return result;
  }

  /** Verifies, on a connection of its own, that a queue holds so many tasks and has no consumer. */
  async expect(queue, count, name) {
    const until = Date.now() + SHOWS_MS;
    for (let right = 0; right < 2; ) {
      const found = await this.#ask((channel) => channel.checkQueue(queue));
      const isRight = found.messageCount === count && found.consumerCount === 0;
      // Once more: what a consumer held comes back to the queue a moment after it is gone.
      right = isRight ? right + 1 : 0;
      if (!isRight && Date.now() > until)
        throw new Error(
          `${name} did not do its work: the queue holds ${found.messageCount} tasks and has ${found.consumerCount} consumers, not ${count} and 0.`,
        );
    }
  }

  /**
   * Runs a command to its end, its output in a file. Resolves with its seconds, its processor seconds and the
   * broker's meanwhile, its peak memory in MB, and its output.
   */
  async run(words) {
    const path = join(this.directory, "output.txt");
    const file = openSync(path, "w");
    const before = { client: cpuOfChildren(), broker: cpuOf(this.#brokerPid) };
    const startedAt = performance.now();
    const child = this.spawn(words, ["ignore", file, file]);
    let peak = null;
    const look = setInterval(() => {
      peak = peakMemoryOf(child.pid) ?? peak;
    }, 50);
    const limit = setTimeout(() => child.kill("SIGKILL"), RUN_MS);
    const [code, signal] = await once(child, "exit");
    const seconds = (performance.now() - startedAt) / 1000;
    const after = { client: cpuOfChildren(), broker: cpuOf(this.#brokerPid) };
    clearInterval(look);
    clearTimeout(limit);
    closeSync(file);
    const output = readFileSync(path, "utf8");
    if (code !== 0)
      throw new Error(
        `${words.join(" ")}\nended with ${signal ?? code}, and printed: ${output.slice(-2000)}`,
      );
    const used = (side) => (before[side] === null ? null : after[side] - before[side]);
    return { seconds, clientCpu: used("client"), brokerCpu: used("broker"), peak, output };
  }

  /** Starts a command that is ended with the testbed if not before. */
  spawn([command, ...words], stdio) {
    this.#aborting.signal.throwIfAborted();
    const child = spawn(command, words.map(String), { stdio });
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    return child;
  }

  get isEnding() {
    return this.#ended !== undefined;
  }

  /** Ends what runs, the broker, and the files. */
  end() {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end() {
    this.#aborting.abort(new Error("Stopped."));
    for (const child of this.#running) child.kill("SIGKILL");
    await this.#broker?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #ask(question) {
    const connection = await connect(this.url, { noDelay: true });
    try {
      return await question(await connection.createChannel());
    } finally {
      await connection.close();
    }
  }
}
