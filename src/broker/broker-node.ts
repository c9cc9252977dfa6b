import type { ChildProcess } from "node:child_process";

/** How a private broker is run: from an installation or from an image. */
export interface BrokerNode {
  /** Its Erlang node name. */
  readonly name: string;
  readonly description: string;
  /** Process groups it consists of now, by their leaders' pids. */
  readonly groups: number[];
  readonly containers: string[];
  /** Starts it, again on the same data; the child lives as long as the node. */
  start(): ChildProcess;
  /** Ends it as a power failure would. */
  kill(): void;
  /** It will not be started again: what it shares with other nodes is theirs from now on. */
  leave(): void;
  /** Runs one of RabbitMQ's tools against it and returns what it printed. */
  run(tool: string, ...words: string[]): string;
  /** What it printed, to explain why it did not start. */
  log(): string;
}
