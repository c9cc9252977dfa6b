// What task-queue live costs: tasks a second of a publisher and a worker, in turns without the page, with the page, and
// with the page but without its firehose. Each round begins on a new queue; the medians of all rounds are printed.
//   node bench/firehose.mjs                                   the installed RabbitMQ
//   TASK_QUEUE_IMAGE=rabbitmq:4-management node bench/firehose.mjs
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { PrivateBroker } from "../dist/broker/private-broker.js";

const TASKS = 10_000;
const ROUNDS = 5;
const script = fileURLToPath(new URL("../dist/bin/task-queue.js", import.meta.url));

/** Publishes and works the tasks; resolves with tasks a second. */
async function rate(url, queue) {
  const [publisher, worker] = await Promise.all([connect(url), connect(url)]);
  const [out, back] = await Promise.all([publisher.createConfirmChannel(), worker.createChannel()]);
  await out.assertQueue(queue, { durable: true });
  await back.prefetch(100);
  let done = 0;
  const startedAt = performance.now();
  const all = new Promise((resolve) => {
    back.consume(queue, (message) => {
      if (message === null) return; // the queue is deleted
      back.ack(message);
      if (++done === TASKS) resolve();
    });
  });
  const body = Buffer.from("A task....");
  for (let sent = 0; sent < TASKS; sent++) {
    out.sendToQueue(queue, body, { persistent: true, messageId: `m-${sent}` });
    if (sent % 1_000 === 999) await out.waitForConfirms();
  }
  await all;
  const seconds = (performance.now() - startedAt) / 1_000;
  await back.deleteQueue(queue);
  await Promise.all([publisher.close(), worker.close()]);
  return TASKS / seconds;
}

async function withPage(url, queue, words) {
  const page = spawn(process.execPath, [script, "live", "--no-open", "-u", url, "-q", queue, ...words]);
  for await (const text of page.stdout.setEncoding("utf8")) if (text.includes("token=")) break;
  page.stdout.resume();
  try {
    return await rate(url, queue);
  } finally {
    page.kill("SIGINT");
    await once(page, "exit");
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const broker = await PrivateBroker.start();
const ways = {
  without: (queue) => rate(broker.url, queue),
  "with --no-trace": (queue) => withPage(broker.url, queue, ["--no-trace"]),
  with: (queue) => withPage(broker.url, queue, []),
};
const found = {};
try {
  await rate(broker.url, "warm-up");
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, way] of Object.entries(ways)) {
      found[name] ??= [];
      found[name].push(await way(`round-${round}-${name.replaceAll(" ", "-")}`));
    }
  const say = (line) => process.stdout.write(`${line}\n`);
  say(broker.description);
  for (const [name, rates] of Object.entries(found)) {
    const part = median(rates) / median(found.without);
    say(
      `${name}: ${Math.round(median(rates)).toLocaleString("en-US")} tasks/s, ${Math.round(part * 100)} %   (${rates.map(Math.round).join(", ")})`,
    );
  }
} finally {
  await broker.stop();
}
