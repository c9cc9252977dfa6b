// @cloudamqp/amqp-client with its session, as its README recommends.
//   node cloudamqp.mjs publish <url> <queue> <type> <file> <window>
//   node cloudamqp.mjs consume <url> <queue> <type> <count> <prefetch>
import { AMQPSession } from "@cloudamqp/amqp-client";
import { publishLines } from "./publish-lines.mjs";

const [role, url, name, type, what, limit] = process.argv.slice(2);
const session = await AMQPSession.connect(url);
const queue = await session.queue(name, {
  durable: true,
  arguments: type === "quorum" ? { "x-queue-type": "quorum" } : {},
});

if (role === "publish") {
  const properties = { deliveryMode: 2 };
  await publishLines(what, Number(limit), (body, confirmed) => {
    queue.publish(body, properties).then(confirmed);
  });
} else {
  let left = Number(what);
  let subscription;
  await new Promise((resolve) => {
    subscription = queue.subscribe({ prefetch: Number(limit) }, async (message) => {
      await message.ack();
      if (--left === 0) resolve();
    });
  });
  await (await subscription).cancel();
}
await session.stop();
