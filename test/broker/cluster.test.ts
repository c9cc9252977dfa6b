import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PrivateBroker, type StartOptions } from "#dist/broker/private-broker.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { noCluster } from "../support/broker.js";
import { publishAll } from "../support/engine.js";
import { openChannel } from "../support/queue.js";

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

const queue = "replicated";

/** The members of the quorum queue, as a node sees them. */
function members(broker: PrivateBroker): Member[] {
  return JSON.parse(broker.run("rabbitmq-queues", "--silent", "quorum_status", queue, "--formatter", "json"));
}

const leaderIn = (all: Member[]): Member | undefined => all.find((one) => one["Raft State"] === "leader");

describe("a cluster of three private brokers", { skip: noCluster }, () => {
  let first: PrivateBroker;
  let all: PrivateBroker[];
  /** Every start, also of a node that fails: none may be forgotten when they are stopped. */
  const starting: Promise<PrivateBroker>[] = [];
  const start = (options: StartOptions): Promise<PrivateBroker> => {
    const broker = PrivateBroker.start(options);
    starting.push(broker);
    return broker;
  };
  /** The node that leads the queue at first, and one that does not. */
  let leader: PrivateBroker;
  let follower: PrivateBroker;

  before(async () => {
    first = await start({});
    all = [first, ...(await Promise.all([start({ joins: first }), start({ joins: first })]))];
  });
  after(async () => {
    for (const started of await Promise.allSettled(starting))
      if (started.status === "fulfilled") await started.value.stop();
  });

  const names = () => all.map(({ nodeName }) => nodeName).sort();

  test("all three are one cluster", () => {
    assert.equal(new Set(names()).size, 3);
    for (const broker of all) assert.deepEqual(runningNodes(broker), names());
  });

  test("a quorum queue has three members; its leader killed, another one leads and has the message", async (t) => {
    await publishAll(["kept"], { queue, queueType: "quorum", urls: [new BrokerUrl(first.url)] });
    const before = members(first);
    assert.deepEqual(before.map((one) => one["Node Name"]).sort(), names());
    const isLeader = ({ nodeName }: PrivateBroker) => nodeName === leaderIn(before)?.["Node Name"];
    leader = all.find(isLeader) ?? assert.fail("nobody leads");
    follower = all.find((broker) => !isLeader(broker)) ?? assert.fail("everybody leads");

    await leader.kill();
    // This one meets the queue while nobody leads it: its channel is nacked for ever, a new one is not.
    const { recorder } = await publishAll(["late"], { queue, urls: [new BrokerUrl(follower.url)] });
    t.diagnostic(
      `${recorder.all("nacked").length} times nacked, ${recorder.all("connected").length} connections`,
    );
    // A basic.get from a queue that nobody leads ends the connection.
    while (leaderIn(members(follower)) === undefined) await sleep(50);
    const channel = await openChannel(t, follower.url);
    const message = await channel.get(queue);
    assert.ok(message);
    assert.equal(message.content.toString(), "kept");
    assert.equal(message.fields.messageCount, 1, "the late one");
    assert.deepEqual(
      runningNodes(follower),
      names().filter((name) => name !== leader.nodeName),
    );
  });

  test("a node that is killed cannot be joined", async () => {
    await assert.rejects(PrivateBroker.start({ joins: leader }), {
      code: "BROKER_START",
      message: /nothing to join/,
    });
  });

  test("the killed node, started again, is a member again and catches up", async () => {
    await leader.restart();
    assert.deepEqual(runningNodes(follower), names());
    const hasCaughtUp = () => {
      const now = members(follower);
      const again = now.find((one) => one["Node Name"] === leader.nodeName);
      return again?.["Log Index"] === leaderIn(now)?.["Log Index"];
    };
    while (!hasCaughtUp()) await sleep(50);
  });

  test("what could not join does not run alone: it is an error", async () => {
    // Discovery by DNS without a host name finds nobody, at once.
    const config = [
      "cluster_formation.peer_discovery_backend = dns",
      "cluster_formation.discovery_retry_limit = 1",
    ];
    await assert.rejects(PrivateBroker.start({ joins: first, config }), {
      code: "BROKER_START",
      message: /could not join/,
    });
  });

  test("the first node is stopped and the others go on; all are stopped and nothing is left", async () => {
    await first.stop();
    const rest = all.filter((broker) => broker !== first);
    for (const broker of rest) assert.equal(runningNodes(broker).length, 2);
    await assert.rejects(PrivateBroker.start({ joins: first }), {
      code: "BROKER_START",
      message: /nothing to join/,
    });

    assert.equal(readdirSync(folder).length, 2);
    assert.ok(processes().length > 0);
    for (const broker of rest) await broker.stop();
    assert.deepEqual(readdirSync(folder), []);
    while (processes().length > 0) await sleep(50); // what was killed still dies for a moment
  });
});
