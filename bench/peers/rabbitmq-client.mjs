// rabbitmq-client with its publisher and its consumer, as its README has them.
//   node rabbitmq-client.mjs publish <url> <queue> <type> <file> <window>
//   node rabbitmq-client.mjs consume <url> <queue> <type> <count> <prefetch>
import { Connection } from "rabbitmq-client";
import { publishLines } from "./publish-lines.mjs";

const [role, url, queue, type, what, limit] = process.argv.slice(2);
const rabbit = new Connection(url);
const declared = {
  queue,
  durable: true,
  arguments: type === "quorum" ? { "x-queue-type": "quorum" } : {},
};

if (role === "publish") {
  const publisher = rabbit.createPublisher({ confirm: true, queues: [declared] });
  const envelope = { routingKey: queue, durable: true };
  await publishLines(what, Number(limit), (body, confirmed) => {
    publisher.send(envelope, body).then(confirmed);
  });
  await publisher.close();
} else {
  let left = Number(what);
  let consumer;
  await new Promise((resolve) => {
    const options = { queue, queueOptions: declared, qos: { prefetchCount: Number(limit) } };
    consumer = rabbit.createConsumer(options, async () => {
      if (--left === 0) resolve();
    });
  });
  await consumer.close();
}
await rabbit.close();
