import { findInstalled } from "#dist/broker/installed-node.js";
import { management, variable } from "./queue.js";

/** Why there can be no cluster of private brokers here, or false: for a test's `skip`. */
export const noCluster: string | false =
  process.env["TASK_QUEUE_IMAGE"] === undefined && findInstalled() !== undefined
    ? false
    : "a cluster needs an installed rabbitmq-server; this run starts RabbitMQ from a Docker image";

interface Shared {
  url: string;
  adminUrl: string;
  nodeName: string;
  /** Of a kind that listens with TLS. */
  tlsUrl: string;
}

/** The kinds of broker that scripts/shared-brokers.mjs has. */
type Kind = "common" | "limited" | "strict";

async function ask(question: { kind: Kind; tool?: string; words?: string[] }) {
  const response = await fetch(variable("TEST_BROKERS"), { method: "POST", body: JSON.stringify(question) });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${JSON.stringify(question)}: ${answer}`);
  return JSON.parse(answer) as Shared & { output: string };
}

/** A broker that test files share: not to be hurt, nor changed. Its first use waits for its start. */
export const sharedBroker = (kind: Kind): Promise<Shared> => ask({ kind });

/** Runs one of RabbitMQ's tools against a broker that test files share. */
export const runTool = async (kind: Kind, tool: string, ...words: string[]): Promise<string> =>
  (await ask({ kind, tool, words })).output;

/** Whether the tests' RabbitMQ is of that version or a later one. */
export async function isAtLeast(major: number, minor: number): Promise<boolean> {
  const { rabbitmq_version } = await management<{ rabbitmq_version: string }>("overview");
  const [is = 0, isMinor = 0] = rabbitmq_version.split(".").map(Number);
  return is > major || (is === major && isMinor >= minor);
}
