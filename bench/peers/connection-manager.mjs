// amqp-connection-manager with a confirm channel, as its README has it.
//   node connection-manager.mjs publish <url> <queue> <type> <file> <window, 0: none>
import { connect } from "amqp-connection-manager";
import { properties } from "./properties.mjs";
import { publishLines } from "./publish-lines.mjs";

const [, url, queue, type, file, window] = process.argv.slice(2);
const connection = connect([url]);
const channel = connection.createChannel({
  setup: (opened) =>
    opened.assertQueue(queue, {
      durable: true,
      arguments: type === "quorum" ? { "x-queue-type": "quorum" } : {},
    }),
});
await publishLines(file, Number(window), (body, confirmed) => {
  channel.sendToQueue(queue, body, { ...properties(), persistent: true, mandatory: true }).then(confirmed);
});
await channel.close();
await connection.close();
