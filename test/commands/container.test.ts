import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { defaultImage } from "#dist/broker/docker-node.js";
import { Running } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { eventuallyIs } from "../support/eventually.js";
import { brokerUrl, openChannel, uniqueQueue } from "../support/queue.js";

const image = process.env["TASK_QUEUE_IMAGE"] ?? defaultImage;
const root = fileURLToPath(new URL("../../../", import.meta.url));
/** Any image on this machine will do: Node and the built commands are laid into it. */
const container = [
  ["run", "--rm", "--network", "host", "--pull", "never", "--entrypoint", "/usr/local/bin/node"],
  ["--mount", `type=bind,source=${process.execPath},target=/usr/local/bin/node,readonly`],
  ["--mount", `type=bind,source=${root},target=/work-queue,readonly`],
].flat();

const skip =
  spawnSync("docker", [...container, image, "--version"]).status === 0
    ? false
    : `Docker cannot run Node in a container of ${image} here (no engine, or no such image on this machine)`;

/** A worker in a container of its own, with the queue's only task in hand. */
async function workerInContainer(t: TestContext, queue: string): Promise<{ worker: Running; name: string }> {
  const name = `worker-${randomUUID()}`;
  const words = ["/work-queue/dist/bin/worker.js", "-u", brokerUrl, "-q", queue, "--json"];
  const worker = new Running(t, "docker", [...container, "--name", name, image, ...words]);
  t.after(() => spawnSync("docker", ["rm", "--force", name]));
  await worker.recorder.first("task-received");
  return { worker, name };
}

test("docker stop of a worker with a task in hand: the task is finished and acknowledged, exit code 0", {
  skip,
}, async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["two dots.."], { queue });
  const { worker, name } = await workerInContainer(t, queue);
  spawnSync("docker", ["stop", name]);
  assert.equal((await worker.ended).code, 0);
  assert.equal(worker.recorder.all("task-done").length, 1);
  assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 0);
});

test("docker stop of a worker whose task takes longer than Docker waits: the task is in the queue again", {
  skip,
}, async (t) => {
  const queue = uniqueQueue(t);
  await publishAll([".".repeat(600)], { queue });
  const { worker, name } = await workerInContainer(t, queue);
  spawnSync("docker", ["stop", "--time", "1", name]);
  await worker.ended;
  assert.equal(worker.recorder.all("task-done").length, 0);
  const channel = await openChannel(t);
  const message = await eventuallyIs("the broker has noticed that the worker is gone", async () => {
    const got = await channel.get(queue);
    return got === false ? undefined : got;
  });
  assert.equal(message.fields.redelivered, true);
});
