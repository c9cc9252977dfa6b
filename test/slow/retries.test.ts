import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { noCluster } from "../support/broker.js";
import { type Running, start } from "../support/command.js";
import { publishAll, startConsumer, workAll } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { deletedAfterwards, openChannel, uniqueQueue } from "../support/queue.js";

const TASKS = 2_000;
const LIMIT_MS = 280_000;

/** Fails at random one time in three; a task that is done is a line of the file. */
const failsAtRandom = (done: string) =>
  `read task; n=$(od -An -N1 -tu1 /dev/urandom); [ $n -ge 85 ] || { echo "bad luck: $n" >&2; exit 1; }; echo $task >> ${done}`;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "retries-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Message {
  text: string;
  attempt: unknown;
}

/** All messages of a queue, which stay in it. */
async function peek(url: string, queue: string): Promise<Message[]> {
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

/** 2,000 tasks, each of which is done or a dead letter after all its attempts, whatever is killed. */
async function round(t: TestContext, { urls, type, killBroker, saveDeclarations }: Faults): Promise<void> {
  const queue = `retries-${type}`;
  const done = join(folder(t), "done");
  const tasks = Array.from({ length: TASKS }, (_, at) => `task-${at}`);
  const target = urls.flatMap((url) => ["-u", url]);
  await publishAll(tasks, { queue, queueType: type, urls: urls.map((url) => new BrokerUrl(url)) });
  const words = [
    ...target,
    "-q",
    queue,
    "--queue-type",
    type,
    "--json",
    "-c",
    "4",
    "--retry",
    "100ms,300ms,1s",
  ];
  const hire = (at: number, ...more: string[]): Running =>
    start(t, "worker", [...words, "--name", `worker-${at}`, ...more, "--", "sh", "-c", failsAtRandom(done)], {
      limitMs: LIMIT_MS,
    });
  const linesDone = () => (existsSync(done) ? readFileSync(done, "utf8").trim().split("\n") : []);
  const isDone = (part: number) => eventually(`${part} tasks are done`, () => linesDone().length >= part);

  const workers = [hire(0), hire(1)];
  await isDone(TASKS / 10); // all retry queues, and the one of the dead letters, are declared by then
  saveDeclarations();
  for (let kill = 0; kill < 6; kill++) {
    const at = kill % workers.length;
    workers[at]?.child.kill("SIGKILL");
    await workers[at]?.ended;
    workers[at] = hire(at);
    if (kill === 2 || kill === 4) await killBroker();
    await isDone((TASKS * (kill + 2)) / 10);
  }
  for (const worker of workers) worker.child.kill("SIGTERM");
  const stopped = await Promise.all(workers.map(({ ended }) => ended));
  assert.deepEqual(
    stopped.map(({ code }) => code),
    [0, 0],
  );
  // What is left, without any more faults.
  const last = hire(9, "--exit-when-empty");
  assert.ok([0, 1].includes((await last.ended).code ?? -1), last.stderr);
  const letters = await peek(urls[0] ?? "", `${queue}.dead`);
  const found = new Set([...linesDone(), ...letters.map(({ text }) => text)]);
  assert.deepEqual(
    tasks.filter((task) => !found.has(task)),
    [],
    "these are neither done nor dead letters",
  );
  assert.equal(found.size, TASKS);
  for (const { text, attempt } of letters) assert.equal(attempt, 4, text);
  const twice = linesDone().length - new Set(linesDone()).size;
  t.diagnostic(
    `${type}: ${linesDone().length} times done, ${twice} of them again, ${letters.length} dead letters`,
  );
  for (const name of ["", ".retry.100ms", ".retry.300ms", ".retry.1s"])
    assert.deepEqual(await peek(urls[0] ?? "", queue + name), [], `left in ${queue}${name}`);
}

for (const type of ["classic", "quorum"] as const)
  test(`${TASKS} tasks that fail one time in three, on a ${type} queue, workers and broker killed: each is done or dead after all its attempts`, async (t) => {
    const broker = await PrivateBroker.start();
    t.after(() => broker.stop());
    await round(t, {
      urls: [broker.url],
      type,
      killBroker: async () => {
        await broker.kill();
        await broker.restart();
      },
      saveDeclarations: () => broker.saveDeclarations(),
    });
  });

describe("on a cluster of three", { skip: noCluster }, () => {
  let nodes: PrivateBroker[] = [];
  before(async () => {
    const joins = await PrivateBroker.start();
    nodes = [joins, await PrivateBroker.start({ joins }), await PrivateBroker.start({ joins })];
  });
  after(async () => {
    for (const node of nodes) await node.stop();
  });

  test(`${TASKS} tasks that fail one time in three, workers and a node killed: each is done or dead after all its attempts`, async (t) => {
    let next = 0;
    await round(t, {
      urls: nodes.map(({ url }) => url),
      type: "quorum",
      killBroker: async () => {
        const node = nodes[next++ % nodes.length];
        await node?.kill();
        await node?.restart();
      },
      saveDeclarations: () => {
        for (const node of nodes) node.saveDeclarations();
      },
    });
  });
});

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
  const url = process.env["TEST_BROKER_URL"] ?? "";
  const counts = async () => {
    const [work, dead] = [await channel.checkQueue(queue), await channel.checkQueue(`${queue}.dead`)];
    return { work: work.messageCount, dead: dead.messageCount };
  };
  const kills: number[] = [];
  for (let kill = 0; kill < 10; kill++) {
    const { work } = await counts();
    const replaying = start(t, "task-queue", ["dead", "replay", "--all", "-q", queue]);
    const upTo = work + 1 + Math.floor(Math.random() * 80);
    await eventually("some are back", async () => (await counts()).work >= upTo);
    replaying.child.kill("SIGKILL");
    await replaying.ended;
    await eventually("what it held is back", async () => {
      const { work, dead } = await counts();
      return work + dead >= tasks.length;
    });
    kills.push((await counts()).work);
    const found = [...(await peek(url, queue)), ...(await peek(url, `${queue}.dead`))];
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
  const [letter, ...others] = await peek(process.env["TEST_BROKER_URL"] ?? "", `${queue}.dead`);
  assert.deepEqual([letter?.text, letter?.attempt, others], ["poison", 19, []]);
});

test("a classic queue of the broker, killed while tasks wait and expire: every one comes back", async (t) => {
  const broker = await PrivateBroker.start();
  t.after(() => broker.stop());
  const queue = "waiting";
  const urls = [new BrokerUrl(broker.url)];
  const tasks = Array.from({ length: 300 }, (_, at) => `task-${at}`);
  await publishAll(["first", ...tasks], { queue, urls });
  const seen = new Set<string>();
  let isFirst = true;
  const { consumer, recorder } = startConsumer(t, {
    ...{ queue, urls, retry: [2_000], concurrency: 20, prefetch: 20 },
    handler: async ({ text = "" }, { attempt }) => {
      if (isFirst) {
        isFirst = false;
        throw new Error("declares the retry queue");
      }
      if (text === "first") return;
      if (attempt === 1) throw new Error("once");
      seen.add(text);
    },
  });
  await recorder.first("task-failed");
  broker.saveDeclarations();
  await recorder.until("all have failed once", () => recorder.all("task-failed").length > tasks.length);
  await sleep(1_900); // most are about to expire
  await broker.kill();
  await broker.restart();
  await recorder.until("all are done", () => tasks.every((task) => seen.has(task)));
  consumer.stop("done");
  await consumer.finished;
});
