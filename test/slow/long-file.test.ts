import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "amqplib";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { start } from "../support/command.js";
import { openChannel, readAll, uniqueQueue } from "../support/queue.js";

const TASKS = process.env["CHAOS"] === "long" ? 100_000 : 20_000;

/**
 * How much more memory a run may need after its first quarter, in MB: V8's young generation may only then grow, to 32,
 * and a second connection takes some. Tasks that are kept would be far more.
 */
const MAY_GROW = 48;

/** The most memory a process has had so far, in MB (Linux: VmHWM); 0 where it has just ended. */
function peakMemory(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

test(`a file of ${TASKS} tasks is published although the broker is killed in the middle: nothing is lost, memory stays flat`, {
  skip: process.platform === "linux" ? false : "memory is read from Linux's /proc",
}, async (t) => {
  const broker = await PrivateBroker.start();
  t.after(() => broker.stop());
  const queue = uniqueQueue(t, broker.url);
  const file = await taskFile(t);
  const watching = await connect(broker.url);
  watching.on("error", () => {}); // it ends with the broker
  const channel = await watching.createChannel();
  await channel.assertQueue(queue, { durable: true });
  broker.saveDeclarations();
  const stored = async () => (await channel.checkQueue(queue)).messageCount;

  // A broker may take more than the default 30 s to come back on a busy machine.
  const words = ["-u", broker.url, "-q", queue, "--confirm-timeout", "5m", "--file", file];
  const publisher = start(t, "new-task", words);
  const { pid } = publisher.child;
  while ((await stored()) < TASKS / 4);
  const before = peakMemory(pid);
  while ((await stored()) < TASKS / 2);
  await broker.kill();
  const restarted = broker.restart();
  let after = before;
  // The last look before it ends: its memory cannot be read later.
  const looking = setInterval(() => {
    after = Math.max(after, peakMemory(pid));
  }, 20);
  const { code, stdout, stderr } = await publisher.ended;
  clearInterval(looking);
  await restarted;
  const sentAgain = Number(/published again after .*: (\d+) time/.exec(stdout.replaceAll(",", ""))?.[1] ?? 0);
  const found = await readAll(await openChannel(t, broker.url), queue);
  t.diagnostic(
    `${found.length} stored, ${sentAgain} sent again; ${before.toFixed()} MB, then ${after.toFixed()} MB`,
  );

  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`${TASKS.toLocaleString("en-US")} tasks sent and confirmed`));
  assert.equal(new Set(found).size, TASKS, "lost");
  assert.ok(found.length - TASKS <= sentAgain, "only what was published twice may be there twice");
  assert.ok(after - before < MAY_GROW, `${before} MB before the kill, ${after} MB after it`);
});

async function taskFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "long-file-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "tasks.txt");
  await writeFile(file, Array.from({ length: TASKS }, (_, number) => `task ${number}\n`).join(""));
  return file;
}
