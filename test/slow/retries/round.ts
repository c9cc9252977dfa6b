import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { type Running, start } from "../../support/command.js";
import { publishAll } from "../../support/engine.js";
import { eventually } from "../../support/eventually.js";

/** 2,000 with CHAOS=long. */
export const TASKS = process.env["CHAOS"] === "long" ? 2_000 : 500;
const LIMIT_MS = process.env["CHAOS"] === "long" ? 1_750_000 : 280_000;

/**
 * Fails one time in three, by a number that is made of its process id: a program that made one would take longer than the
 * task. A task that is done is a line of the file. The command of a killed worker may find only a part of its input.
 */
const failsAtRandom = (done: string) =>
  `read task; [ "$task" != never ] || exit 1; [ "\${#task}" -eq $TASK_BYTES ] || exit 1; n=$(( ($$ * 1103515245 + TASK_ATTEMPT * 7919) / 65536 % 3 )); [ $n -ne 0 ] || { echo "bad luck" >&2; exit 1; }; echo $task >> ${done}`;

export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "retries-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Message {
  text: string;
  attempt: unknown;
}

/** All messages of a queue, which stay in it. */
export async function peek(url: string, queue: string): Promise<Message[]> {
  const connection = await connect(url);
  try {
    const channel = await connection.createChannel();
    const found: Message[] = [];
    for (;;) {
      const message = await channel.get(queue);
      if (message === false) return found;
      found.push({
        text: message.content.toString(),
        attempt: message.properties.headers?.["x-attempt"],
      });
    }
  } finally {
    await connection.close();
  }
}

interface Faults {
  urls: string[];
  type: "classic" | "quorum";
  /** Kills a node and starts it again. */
  killBroker(): Promise<void>;
  saveDeclarations(): void;
}

/** Tasks, each of which is done or a dead letter after all its attempts, whatever is killed. */
export async function round(
  t: TestContext,
  { urls, type, killBroker, saveDeclarations }: Faults,
): Promise<void> {
  const queue = `retries-${type}`;
  const done = join(folder(t), "done");
  const tasks = Array.from({ length: TASKS }, (_, at) => `task-${at}`);
  const target = urls.flatMap((url) => ["-u", url]);
  const publishing = { queue, queueType: type, urls: urls.map((url) => new BrokerUrl(url)) };
  await publishAll(["never"], publishing);
  const options = ["--json", "-c", "4", "--retry", "100ms,300ms,1s"];
  // A worker that is started while the broker is down waits for it.
  const words = [...target, "-q", queue, "--queue-type", type, "--wait", "2m", ...options];
  const hire = (at: number, ...more: string[]): Running =>
    start(t, "worker", [...words, "--name", `worker-${at}`, ...more, "--", "sh", "-c", failsAtRandom(done)], {
      limitMs: LIMIT_MS,
    });
  const linesDone = () => (existsSync(done) ? readFileSync(done, "utf8").trim().split("\n") : []);
  const isDone = (part: number) => eventually(`${part} tasks are done`, () => linesDone().length >= part);

  const workers = [hire(0), hire(1)];
  // One that fails every time has all the queues declared. A node killed before Ra has written a new queue down, which
  // nothing shows, does not know it again.
  const dead = () => workers.some(({ recorder }) => recorder.all("task-dead").length > 0);
  await eventually("a task is a dead letter", dead);
  saveDeclarations();
  await sleep(5_000);
  await publishAll(tasks, publishing);
  await isDone(TASKS / 10);
  for (let kill = 0; kill < 6; kill++) {
    const at = kill % workers.length;
    workers[at]?.child.kill("SIGKILL");
    await workers[at]?.ended;
    workers[at] = hire(at);
    if (kill === 2 || kill === 4) await killBroker();
    await isDone((TASKS * (kill + 2)) / 10);
  }
  // One that has only just been started does not know the signal yet, and dies of it.
  for (const worker of workers) await worker.until(() => worker.stdout !== "", "writing something");
  for (const worker of workers) worker.child.kill("SIGTERM");
  for (const { code, stderr } of await Promise.all(workers.map(({ ended }) => ended)))
    assert.equal(code, 0, stderr);
  // What is left, without any more faults.
  const last = hire(9, "--exit-when-empty");
  assert.ok([0, 1].includes((await last.ended).code ?? -1), last.stderr);
  const letters = await peek(urls[0] ?? "", `${queue}.dead`);
  const found = new Set([...linesDone(), ...letters.map(({ text }) => text)]);
  assert.deepEqual(
    ["never", ...tasks].filter((task) => !found.has(task)),
    [],
    "these are neither done nor dead letters",
  );
  assert.equal(found.size, TASKS + 1);
  for (const { text, attempt } of letters) assert.equal(attempt, 4, text);
  const twice = linesDone().length - new Set(linesDone()).size;
  t.diagnostic(
    `${type}: ${linesDone().length} times done, ${twice} of them again, ${letters.length} dead letters`,
  );
  for (const name of ["", ".retry.100ms", ".retry.300ms", ".retry.1s"])
    assert.deepEqual(await peek(urls[0] ?? "", queue + name), [], `left in ${queue}${name}`);
}
