// How often RabbitMQ forgets a queue that was declared just before it is killed, with the confirmed tasks in it. One
// RabbitMQ is killed with SIGKILL and started again, each time with new queues.
//   npm run reliability:declarations                 fifty kills, 0.3 s after the declaration
//   npm run reliability:declarations -- 20 2         twenty kills, 2 s after it
//   TASK_QUEUE_IMAGE=rabbitmq:4-management npm run reliability:declarations
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { PrivateBroker } from "../dist/broker/private-broker.js";

const TASKS = 6;
const types = ["classic", "quorum"];
/** How long a queue may take to have its tasks again: a quorum queue elects its leader first. */
const RECOVERY_MS = 30_000;

const [kills = 50, seconds = 0.3] = process.argv.slice(2).map(Number);
if (!Number.isSafeInteger(kills) || kills < 1 || !(seconds >= 0)) {
  process.stderr.write("How many kills, how many seconds after the declaration? See the top of the file.\n");
  process.exit(2);
}

async function open(url) {
  const connection = await connect(url);
  connection.on("error", () => {}); // the kill
  return connection;
}

/** Declares a queue of each type and publishes to it. Resolves `seconds` after the declarations, with how many later. */
async function declareAndPublish(url, queues) {
  const connection = await open(url);
  const channel = await connection.createConfirmChannel();
  for (const [type, queue] of queues)
    await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": type } });
  const declaredAt = performance.now();
  const age = sleep(seconds * 1_000);
  for (const queue of queues.values())
    for (let task = 0; task < TASKS; task++)
      channel.sendToQueue(queue, Buffer.from("task"), { persistent: true });
  await channel.waitForConfirms();
  await age;
  return (performance.now() - declaredAt) / 1_000;
}

/** How many tasks a queue has in the end; undefined where there is no such queue. Deletes it. */
async function takeAway(url, queue) {
  const connection = await open(url);
  try {
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    const deadline = performance.now() + RECOVERY_MS;
    for (;;) {
      const { messageCount } = await channel.checkQueue(queue);
      if (messageCount === TASKS || performance.now() > deadline) {
        await channel.deleteQueue(queue);
        return messageCount;
      }
      await sleep(100);
    }
  } catch (error) {
    if (error.code === 404 && error.message.includes("no queue")) return undefined;
    throw error;
  } finally {
    await connection.close();
  }
}

const forgotten = Object.fromEntries(types.map((type) => [type, 0]));
const incomplete = { ...forgotten };
let oldest = 0;
const broker = await PrivateBroker.start();
try {
  for (let kill = 1; kill <= kills; kill++) {
    const queues = new Map(types.map((type) => [type, `${type}-${kill}`]));
    oldest = Math.max(oldest, await declareAndPublish(broker.url, queues));
    await broker.kill();
    await broker.restart();
    for (const [type, queue] of queues) {
      const found = await takeAway(broker.url, queue);
      if (found === undefined) forgotten[type]++;
      else if (found < TASKS) incomplete[type]++;
    }
    const soFar = types.map((type) => `${type} ${forgotten[type]}`).join(", ");
    process.stderr.write(`${kill} of ${kills} kills; forgotten: ${soFar}\n`);
  }
  const version = broker.run("rabbitmqctl", "version").trim();
  const age = `${seconds} s (at most ${oldest.toFixed(1)} s)`;
  for (const type of types)
    process.stdout.write(
      `| ${version} | ${type} | ${age} | ${kills} | ${forgotten[type]} | ${incomplete[type]} |\n`,
    );
} finally {
  await broker.stop();
}
