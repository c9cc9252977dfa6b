import { once } from "node:events";
import { connect } from "amqplib";

/**
 * What not to do, for the lesson `confirms`: a sender on a plain channel, without confirms, which counts a task
 * as sent when publish() has returned. It begins when standard input has data, and ends when its connection closes.
 *   AMQP_URL=... node fire-and-forget.js <queue> <tasks>
 */
const [queue = "", tasks = ""] = process.argv.slice(2);
const print = (event: object) =>
  process.stdout.write(`${JSON.stringify({ ...event, at: new Date(), name: "fire-and-forget" })}\n`);

const connection = await connect(process.env["AMQP_URL"] ?? "");
connection.on("error", () => {}); // "close" follows, which is enough to know
// Not once(): it would reject with the error that is emitted before.
const closed = new Promise((resolve) => connection.on("close", resolve));
const channel = await connection.createChannel();
channel.on("error", () => {});
await channel.assertQueue(queue, { durable: true });
print({ event: "connected" });
await once(process.stdin, "data");

print({ event: "batch-begun" });
let believed = 0;
while (believed < Number(tasks)) {
  believed++;
  channel.sendToQueue(queue, Buffer.from(`Task ${believed}`), { persistent: true });
}
await closed;
const label = `${believed.toLocaleString("en-US")} believed sent`;
print({ event: "batch-ended", label, whole: false, tasks: believed });
process.stdin.destroy();
