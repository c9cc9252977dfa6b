import assert from "node:assert/strict";
import { test } from "node:test";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { noCluster } from "../support/broker.js";
import { start } from "../support/command.js";
import { openChannel } from "../support/queue.js";

const TASKS = 400;

/** The node that leads the queue, as another one sees it. */
function leaderOf(nodes: PrivateBroker[], queue: string): PrivateBroker {
  const [asked] = nodes;
  const list = asked?.run("rabbitmqctl", "--silent", "list_queues", "name", "leader") ?? "";
  const name = list
    .split("\n")
    .map((line) => line.split("\t"))
    .find(([found]) => found === queue)?.[1];
  return nodes.find(({ nodeName }) => nodeName === name) ?? assert.fail(`nobody leads:\n${list}`);
}

test("the node that leads a quorum queue is killed: publisher and workers carry on through the others, nothing is lost", {
  skip: noCluster,
}, async (t) => {
  const first = await PrivateBroker.start();
  t.after(() => first.stop());
  const others = await Promise.all([
    PrivateBroker.start({ joins: first }),
    PrivateBroker.start({ joins: first }),
  ]);
  t.after(() => Promise.all(others.map((node) => node.stop())));
  const nodes = [first, ...others];
  const channel = await openChannel(t, first.url);
  await channel.assertQueue("shared", { durable: true, arguments: { "x-queue-type": "quorum" } });
  const leader = leaderOf(nodes, "shared");
  // All of them begin at the leader, so all of them lose their connection.
  const inTurn = [leader, ...nodes.filter((node) => node !== leader)];
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
  while (done().size < TASKS)
    await Promise.race(
      workers.map(({ recorder }) => recorder.nth("task-done", recorder.all("task-done").length + 1)),
    );
  assert.deepEqual([...done()].sort(), [...tasks].sort());
  for (const { recorder } of [...workers, publisher]) {
    assert.equal(recorder.all("connected")[0]?.broker, leader.url);
    assert.notEqual(recorder.all("connected").at(-1)?.broker, leader.url);
  }
});
