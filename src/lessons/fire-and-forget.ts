import { once } from "node:events";
import { connect } from "amqplib";

/**
 * What not to do, for the lesson `confirms`: a sender on a plain channel, without confirms, which takes a
 * task for sent when publish() has returned. It begins when something comes on standard input, and ends
 * with its connection.
 *   AMQP_URL=... node fire-and-forget.js <queue> <tasks>
 */
const [queue = "", tasks = ""] = process.argv.slice(2);
const tell = (event: object) =>
  process.stdout.write(`${JSON.stringify({ ...event, at: new Date(), name: "fire-and-forget" })}\n`);

const connection = await connect(process.env["AMQP_URL"] ?? "");
connection.on("error", () => {}); // that it has gone is all it wants to know
// Not once(): it would reject with the error that comes before.
const gone = new Promise((resolve) => connection.on("close", resolve));
const channel = await connection.createChannel();
channel.on("error", () => {});
await channel.assertQueue(queue, { durable: true });
tell({ event: "connected" });
await once(process.stdin, "data");

tell({ event: "batch-begun" });
let believed = 0;
while (believed < Number(tasks)) {
  believed++;
  channel.sendToQueue(queue, Buffer.from(`Task ${believed}`), { persistent: true });
}
await gone;
const label = `${believed.toLocaleString("en-US")} believed sent`;
tell({ event: "batch-ended", label, whole: false, tasks: believed });
process.stdin.destroy();
