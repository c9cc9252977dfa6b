import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { Task } from "../engine/task.js";

/**
 * What not to do, for the lesson `forgotten-ack`: a worker that does its tasks one after the other and acknowledges
 * none. It has no prefetch limit, or it would get only one. It ends when standard input has data, or when the broker
 * takes its tasks back.
 *   AMQP_URL=... node forgetful.js <queue> [ms per dot] [queue type] [ack timeout in ms]
 */
const [queue = "task_queue", dotMs = "1000", type, timeoutMs] = process.argv.slice(2);
const print = (event: object) =>
  process.stdout.write(`${JSON.stringify({ ...event, at: new Date(), name: "forgetful" })}\n`);

const connection = await connect(process.env["AMQP_URL"] ?? "amqp://localhost").catch((error: Error) => {
  process.stderr.write(`Cannot connect: ${error.message}\n`);
  process.exit(1);
});
connection.on("error", () => {}); // "close" follows
const channel = await connection.createChannel();
const declared = type === undefined ? {} : { "x-queue-type": type };
await channel.assertQueue(queue, { durable: true, arguments: declared });

const held: Task[] = [];
const work = async (task: Task) => {
  held.push(task);
  print({ event: "task-received", task, redelivered: false });
  await sleep(task.dots * Number(dotMs));
  print({ event: "task-forgotten", task }); // here the ack is missing
};
/** Aborted when the broker takes the tasks back; the signal's reason says why. */
const takenBack = new AbortController();
channel.on("error", (error: Error) => takenBack.abort(error.message));
connection.on("close", () => takenBack.abort("the connection was lost"));
const consuming = channel
  .consume(
    queue,
    (message) => {
      if (message === null) takenBack.abort("basic.cancel, the consumer is cancelled");
      else {
        const task = new Task(String(message.properties.messageId), message.content);
        last = last.then(() => work(task));
      }
    },
    // An argument of quorum queues since RabbitMQ 4.3, whose classic queues refuse it (guide "Consumers").
    {
      consumerTag: "forgetful",
      arguments: timeoutMs === undefined ? {} : { "x-consumer-timeout": Number(timeoutMs) },
    },
  )
  .then(() => print({ event: "consuming", queue, prefetch: 0, autoAck: false }));
let last: Promise<unknown> = consuming; // so that no task is printed before
await consuming.catch((error: Error) => {
  process.stderr.write(`Cannot consume: ${error.message}\n`);
  process.exit(1);
});
const asked = once(process.stdin, "data").then(() => takenBack.abort("its worker has ended without an ack"));
if (!takenBack.signal.aborted) await Promise.race([once(takenBack.signal, "abort"), asked]);
const reason: unknown = takenBack.signal.reason;
for (const task of held) print({ event: "task-requeued", task, reason });
await connection.close().catch(() => {}); // lost already
process.exit();
