import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { noCluster } from "../support/broker.js";
import { start } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { openChannel } from "../support/queue.js";
import { assertRound, scenes } from "./chaos/scene.js";

/** Where everything of the cluster lies: a directory in it or a process that names it was left behind. */
const folder = mkdtempSync(join(tmpdir(), "cluster-"));
process.env["TMPDIR"] = folder;
after(() => rmSync(folder, { recursive: true }));

/** Running processes that have the folder in their command line or (where `e` is for that) their environment. */
function processes(): string[] {
  const env = { PATH: process.env["PATH"] };
  const { stdout } = spawnSync("ps", ["axeww", "-o", "pid,command"], { encoding: "utf8", env });
  return stdout.split("\n").filter((line) => line.includes(folder));
}

/** The nodes that run, as one of them sees it. */
function runningNodes(broker: PrivateBroker): string[] {
  const status = broker.run("rabbitmqctl", "--silent", "cluster_status", "--formatter", "json");
  return JSON.parse(status).running_nodes.sort();
}

interface Member {
  "Node Name": string;
  /** "leader", "follower" or why there is neither. */
  "Raft State": unknown;
  "Log Index": unknown;
}

/** The members of a quorum queue, as a node sees them. */
function members(broker: PrivateBroker, queue: string): Member[] {
  return JSON.parse(broker.run("rabbitmq-queues", "--silent", "quorum_status", queue, "--formatter", "json"));
}

const leaderIn = (all: Member[]): Member | undefined => all.find((one) => one["Raft State"] === "leader");

/** Resolves when what was written to the leader of the queue has been written to that node too. */
const hasCaughtUp = (node: PrivateBroker, queue: string): Promise<void> =>
  eventually(`${node.nodeName} has caught up with the leader of ${queue}`, () => {
    const now = members(node, queue);
    const own = now.find((one) => one["Node Name"] === node.nodeName)?.["Log Index"];
    return own !== undefined && own === leaderIn(now)?.["Log Index"];
  });

/** All of them on one cluster, for three nodes take a while to start: in order, the last test ends it. */
describe("a cluster of three private brokers", { skip: noCluster }, () => {
  let nodes: PrivateBroker[] = [];

  before(async () => {
    const joins = await PrivateBroker.start();
    nodes = [joins];
    const others = await Promise.allSettled([PrivateBroker.start({ joins }), PrivateBroker.start({ joins })]);
    for (const other of others) if (other.status === "fulfilled") nodes.push(other.value);
    assert.equal(nodes.length, 3, String(others.map((other) => other.status === "rejected" && other.reason)));
  });
  after(async () => {
    for (const node of nodes) await node.stop();
  });

  const first = (): PrivateBroker => nodes[0] ?? assert.fail("there is no node");
  const names = () => nodes.map(({ nodeName }) => nodeName).sort();
  const others = (than: PrivateBroker) => nodes.filter((node) => node !== than);

  test("all three are one cluster", () => {
    assert.equal(new Set(names()).size, 3);
    for (const broker of nodes) assert.deepEqual(runningNodes(broker), names());
  });

  test("a quorum queue has three members; its leader killed, another one leads and has the message; started again it catches up", async (t) => {
    const queue = "replicated";
    await publishAll(["kept"], { queue, queueType: "quorum", urls: [new BrokerUrl(first().url)] });
    const before = members(first(), queue);
    assert.deepEqual(before.map((one) => one["Node Name"]).sort(), names());
    const isLeader = ({ nodeName }: PrivateBroker) => nodeName === leaderIn(before)?.["Node Name"];
    const leader = nodes.find(isLeader) ?? assert.fail("none of them leads");
    const follower = others(leader)[0] ?? assert.fail("there is no other");

    await leader.kill();
    // It meets the queue while none leads it: its channel is nacked until it is closed, a new one is not.
    const { recorder } = await publishAll(["late"], { queue, urls: [new BrokerUrl(follower.url)] });
    t.diagnostic(
      `${recorder.all("nacked").length} times nacked, ${recorder.all("connected").length} connections`,
    );
    // A basic.get from a queue without a leader ends the connection.
    await eventually("another node leads", () => leaderIn(members(follower, queue)) !== undefined);
    const channel = await openChannel(t, follower.url);
    const message = await channel.get(queue);
    assert.ok(message);
    assert.equal(message.content.toString(), "kept");
    assert.equal(message.fields.messageCount, 1, "the late one");
    assert.deepEqual(
      runningNodes(follower),
      names().filter((name) => name !== leader.nodeName),
    );

    await assert.rejects(
      PrivateBroker.start({ joins: leader }),
      { code: "BROKER_START", message: /nothing to join/ },
      "a node that is killed cannot be joined",
    );

    await leader.restart();
    assert.deepEqual(runningNodes(follower), names());
    await hasCaughtUp(leader, queue);
  });

  test("the node that leads a quorum queue is killed: publisher and workers carry on through the others, nothing is lost", async (t) => {
    const TASKS = 400;
    const channel = await openChannel(t, first().url);
    await channel.assertQueue("shared", { durable: true, arguments: { "x-queue-type": "quorum" } });
    const leads = leaderIn(members(first(), "shared"))?.["Node Name"];
    const leader = nodes.find(({ nodeName }) => nodeName === leads) ?? assert.fail("none of them leads");
    // All of them begin at the leader, so all of them lose their connection.
    const inTurn = [leader, ...others(leader)];
    const words = [...inTurn.flatMap(({ url }) => ["-u", url]), "-q", "shared", "--json"];
    const workers = ["a", "b"].map((name) => start(t, "worker", [...words, "--name", name, "--dot", "5ms"]));
    const publisher = start(t, "new-task", [...words, "--file", "-", "--confirm-timeout", "2m"]);
    const tasks = Array.from({ length: TASKS }, (_, number) => `task ${number}.`);
    publisher.child.stdin?.write(`${tasks.slice(0, TASKS / 2).join("\n")}\n`);
    await workers[0]?.recorder.nth("task-done", TASKS / 10);

    const killed = leader.kill();
    publisher.child.stdin?.end(tasks.slice(TASKS / 2).join("\n"));
    await killed;
    const { code, stderr } = await publisher.ended;
    assert.equal(code, 0, stderr);
    const done = () =>
      new Set(workers.flatMap(({ recorder }) => recorder.all("task-done").map(({ task }) => task.text)));
    await eventually(`${TASKS} tasks are done`, () => done().size >= TASKS);
    assert.deepEqual([...done()].sort(), [...tasks].sort());
    for (const { recorder } of [...workers, publisher]) {
      assert.equal(recorder.all("connected")[0]?.broker, leader.url);
      assert.notEqual(recorder.all("connected").at(-1)?.broker, leader.url);
    }
    await leader.restart();
    await hasCaughtUp(leader, "shared");
  });

  for (const scene of scenes.filter(({ nodes }) => nodes === 3))
    test(scene.title, async (t) => {
      await assertRound(t, scene, nodes);
    });

  test("what could not join does not run alone: it is an error", async () => {
    // Discovery by DNS without a host name finds nothing, at once.
    const config = [
      "cluster_formation.peer_discovery_backend = dns",
      "cluster_formation.discovery_retry_limit = 1",
    ];
    await assert.rejects(PrivateBroker.start({ joins: first(), config }), {
      code: "BROKER_START",
      message: /could not join/,
    });
  });

  test("a node is stopped and the others go on; all are stopped and nothing is left", async () => {
    const stopped = first();
    await stopped.stop();
    for (const broker of others(stopped)) assert.equal(runningNodes(broker).length, 2);
    await assert.rejects(PrivateBroker.start({ joins: stopped }), {
      code: "BROKER_START",
      message: /nothing to join/,
    });

    assert.equal(readdirSync(folder).length, 2);
    assert.ok(processes().length > 0);
    for (const broker of others(stopped)) await broker.stop();
    assert.deepEqual(readdirSync(folder), []);
    // What was killed still dies for a moment.
    await eventually("no process of the cluster is left", () => processes().length === 0);
  });
});
