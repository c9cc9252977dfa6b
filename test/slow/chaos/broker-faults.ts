import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PrivateBroker } from "#dist/broker/private-broker.js";
import { openChannel } from "../../support/queue.js";
import { TcpProxy } from "../../support/tcp-proxy.js";

export interface BrokerFaultsOptions {
  queueType: "classic" | "quorum";
  /** One, or those of a cluster. */
  nodes: readonly PrivateBroker[];
  random: () => number;
}

/** Closes one connection, whichever the number falls on, as the administrator of a broker would. */
const closeOne = (number: number) =>
  `case rabbit_networking:connections() of [] -> none; All -> rabbit_networking:close_connection(lists:nth(1 + (${number} rem length(All)), All), "chaos") end.`;

/**
 * Sends every consumer the basic.cancel that a broker sends of its own accord. There is no command for
 * that: the method is handed to the process that writes to the consumer's connection.
 */
const cancelAll = `[begin
  [Channel] = [E || E <- tuple_to_list(sys:get_state(proplists:get_value(channel_pid, C))), is_tuple(E), element(1, E) == ch],
  [rabbit_writer:send_command(W, {list_to_atom("basic.cancel"), proplists:get_value(consumer_tag, C), true})
    || W <- tuple_to_list(element(2, Channel)), is_pid(W), {rabbit_writer, _, _} <- [proc_lib:translate_initial_call(W)]]
  end || C <- rabbit_amqqueue:consumers_all(<<"/">>), node(proplists:get_value(channel_pid, C)) == node()].`;

/** The nodes of a broker, each behind a proxy, and what is done to them in a round on a queue of its own. */
export class BrokerFaults {
  readonly queue = `chaos-${randomUUID()}`;
  readonly #nodes: readonly PrivateBroker[];
  readonly #proxies: TcpProxy[] = [];
  readonly #random: () => number;

  private constructor({ nodes, random }: BrokerFaultsOptions) {
    this.#nodes = nodes;
    this.#random = random;
  }

  static async prepare(t: TestContext, options: BrokerFaultsOptions): Promise<BrokerFaults> {
    const { nodes, queueType } = options;
    const faults = new BrokerFaults(options);
    for (const { url } of nodes) faults.#proxies.push(await TcpProxy.start(t, Number(new URL(url).port)));
    const channel = await openChannel(t, nodes[0]?.url);
    await channel.assertQueue(faults.queue, { durable: true, arguments: { "x-queue-type": queueType } });
    // A node killed before Mnesia has written it down forgets it: docs/reliability.md, the last part.
    for (const node of nodes) node.saveDeclarations();
    // A node killed before Ra has written its new queue down, which nothing shows, does not know it again.
    if (queueType === "quorum") await sleep(5_000);
    return faults;
  }

  /** The addresses of the nodes, through the proxies. */
  get urls(): string[] {
    return this.#proxies.map(({ port }) => `amqp://localhost:${port}`);
  }

  /** Kills a node with SIGKILL, starts it again, and waits until it accepts connections. */
  async killNode(): Promise<void> {
    const node = this.#anyNode();
    await node.kill();
    await node.restart();
  }

  async closeConnection(): Promise<void> {
    this.#anyNode().run("rabbitmqctl", "eval", closeOne(Math.floor(this.#random() * 1e6)));
  }

  async cancelConsumers(): Promise<void> {
    for (const node of this.#nodes) node.run("rabbitmqctl", "eval", cancelAll);
  }

  /** Cuts every connection and refuses new ones for half a second up to five. */
  async cutNetwork(): Promise<void> {
    for (const proxy of this.#proxies) proxy.cut();
    await sleep(500 + this.#random() * 4_500); // an outage lasts a while: the time is the fault
    for (const proxy of this.#proxies) proxy.mend();
  }

  /** How many tasks are left in the queue. */
  async left(t: TestContext): Promise<number> {
    const channel = await openChannel(t, this.#anyNode().url);
    return (await channel.checkQueue(this.queue)).messageCount;
  }

  #anyNode(): PrivateBroker {
    const node = this.#nodes[Math.floor(this.#random() * this.#nodes.length)];
    if (node === undefined) throw new Error("There is no node.");
    return node;
  }
}
