import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How a private broker is run: from an installation or from an image. */
export interface BrokerNode {
  /** Its Erlang node name. */
  readonly name: string;
  /** What it is started from, for messages. */
  readonly description: string;
  /** Its running process groups, by their leaders' pids. */
  readonly groups: number[];
  /** Its Docker containers, by name. */
  readonly containers: string[];
  /** Starts it, on the same data as before; the child runs as long as the node does. */
  start(): ChildProcess;
  /** Stops it in order, so that its data is complete; resolves when it has stopped, or cannot be stopped so. */
  shutDown(): Promise<void>;
  /** Kills it, as a power failure would. */
  kill(): void;
  /** Leaves to other nodes what it shares with them, because it will not be started again. */
  leave(): void;
  /** Runs one of RabbitMQ's tools against it and returns its output. @throws Error where the tool fails */
  run(tool: string, ...args: string[]): string;
  /** Its console output so far. */
  log(): string;
}

/** How long a node may take to stop in order, in ms. */
const SHUTDOWN_MS = 60_000;

/** Runs the program that stops a node, in a process group of its own: a second Ctrl-C does not reach it. */
export async function shutDownWith(program: string, words: string[], env = process.env): Promise<void> {
  const signal = AbortSignal.timeout(SHUTDOWN_MS);
  const child = spawn(program, words, { env, detached: true, stdio: "ignore", signal });
  await once(child, "exit").catch(() => {}); // the node is killed then
}
