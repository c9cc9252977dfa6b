// amqplib as it comes, with nothing around it.
//   node amqplib.mjs publish <url> <queue> <type> <file> <window, 0: none> [nagle]
//   node amqplib.mjs consume <url> <queue> <type> <count> <prefetch> [nagle]
import { connect } from "amqplib";
import { properties } from "./properties.mjs";
import { publishLines } from "./publish-lines.mjs";

const [role, url, queue, type, what, limit, nagle] = process.argv.slice(2);
const connection = await connect(url, { noDelay: nagle === undefined });
const channel = await (role === "publish" ? connection.createConfirmChannel() : connection.createChannel());
await channel.assertQueue(queue, {
  durable: true,
  arguments: type === "quorum" ? { "x-queue-type": "quorum" } : {},
});

if (role === "publish")
  await publishLines(what, Number(limit), (body, confirmed) => {
    channel.sendToQueue(queue, body, { ...properties(), persistent: true, mandatory: true }, (error) => {
      if (error) throw error;
      confirmed();
    });
  });
else {
  await channel.prefetch(Number(limit));
  let left = Number(what);
  await new Promise((resolve) => {
    const consuming = channel.consume(queue, (message) => {
      channel.ack(message);
      if (--left === 0) resolve();
    });
    consuming.then(() => process.stdout.write("Waiting\n"));
  });
}
await channel.close();
await connection.close();
