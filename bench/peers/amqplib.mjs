// Bare amqplib: what the targets are ratios to. Loaded by `require`, as its README has it: that is some ms faster than `import`.
//   node amqplib.mjs publish <url> <queue> <type> <file> <window> [nagle]
//   node amqplib.mjs consume <url> <queue> <type> <count> <prefetch> [nagle]
import { createRequire } from "node:module";
import { publishLines } from "./publish-lines.mjs";

const { connect } = createRequire(import.meta.url)("amqplib");
const [role, url, queue, type, what, limit, nagle] = process.argv.slice(2);
const connection = await connect(url, { noDelay: nagle === undefined });
const channel = await (role === "publish" ? connection.createConfirmChannel() : connection.createChannel());
await channel.assertQueue(queue, {
  durable: true,
  arguments: type === "quorum" ? { "x-queue-type": "quorum" } : {},
});

if (role === "publish") {
  const options = { persistent: true };
  await publishLines(what, Number(limit), (body, confirmed) => {
    channel.sendToQueue(queue, body, options, confirmed);
  });
} else {
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
