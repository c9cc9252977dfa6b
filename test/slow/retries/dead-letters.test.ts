import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "../../support/command.js";
import { publishAll, workAll } from "../../support/engine.js";
import { eventually } from "../../support/eventually.js";
import { brokerUrl, deletedAfterwards, openChannel, uniqueQueue } from "../../support/queue.js";
import { folder, peek } from "./round.js";

test("dead replay --all of 1,000 letters, killed at a random moment ten times: both queues together always have all", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  const tasks = Array.from({ length: 1_000 }, (_, at) => `task-${at}`);
  await publishAll(tasks, { queue });
  await workAll({
    ...{ queue, retry: [], concurrency: 50, prefetch: 50 },
    handler: () => {
      throw new Error("never");
    },
  });
  const channel = await openChannel(t);
  const counts = async () => {
    const [work, dead] = [await channel.checkQueue(queue), await channel.checkQueue(`${queue}.dead`)];
    return { work: work.messageCount, dead: dead.messageCount };
  };
  const kills: number[] = [];
  for (let kill = 0; kill < 10; kill++) {
    const { work } = await counts();
    const replaying = start(t, "task-queue", ["dead", "replay", "--all", "-q", queue]);
    const upTo = Math.min(work + 1 + Math.floor(Math.random() * 80), tasks.length);
    await eventually("some are back", async () => (await counts()).work >= upTo);
    replaying.child.kill("SIGKILL");
    await replaying.ended;
    await eventually("what it held is back", async () => {
      const { work, dead } = await counts();
      return work + dead >= tasks.length;
    });
    kills.push((await counts()).work);
    const found = [...(await peek(brokerUrl, queue)), ...(await peek(brokerUrl, `${queue}.dead`))];
    assert.deepEqual(
      [...new Set(found.map(({ text }) => text))].sort(),
      tasks.toSorted(),
      `after kill ${kill + 1}`,
    );
  }
  t.diagnostic(`in the work queue after each kill: ${kills.join(", ")}`);
  const { code } = await start(t, "task-queue", ["dead", "replay", "--all", "-q", queue]).ended;
  assert.equal(code, 0);
  assert.equal((await counts()).dead, 0);
});

test("a poison task that kills its worker each time is a dead letter before the broker drops it, and the others go on", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  const path = folder(t);
  const begun = join(path, "begun");
  const script = `read task; case $task in poison) echo >> ${begun}; kill -9 $PPID;; *) echo $task >> ${path}/done;; esac`;
  await publishAll(["poison", "one", "two", "three"], { queue, queueType: "quorum" });
  const words = ["-q", queue, "--queue-type", "quorum", "--exit-when-empty", "--", "sh", "-c", script];
  let killed = 0;
  for (let ended: { signal: NodeJS.Signals | null; code: number | null } | undefined; ; killed++) {
    ended = await start(t, "worker", words).ended;
    if (ended.signal !== "SIGKILL") {
      assert.equal(ended.code, 1, "it made a dead letter");
      break;
    }
    assert.ok(killed < 30, "the poison task goes round and round");
  }
  assert.equal(killed, 19);
  assert.deepEqual(readFileSync(join(path, "done"), "utf8").trim().split("\n").sort(), [
    "one",
    "three",
    "two",
  ]);
  const [letter, ...others] = await peek(brokerUrl, `${queue}.dead`);
  assert.deepEqual([letter?.text, letter?.attempt, others], ["poison", 19, []]);
});
