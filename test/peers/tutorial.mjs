// The work-queue pair as a JavaScript learner writes it on amqplib: a quorum queue, no confirms, a timer per dot.
//   node tutorial.mjs send <url> <queue> <message>
//   node tutorial.mjs work <url> <queue> <tasks>      leaves after so many tasks
import amqp from "amqplib";

const [role, url, queue, argument] = process.argv.slice(2);
const connection = await amqp.connect(url);
const channel = await connection.createChannel();
await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });

if (role === "send") {
  channel.sendToQueue(queue, Buffer.from(argument), { persistent: true });
  await channel.close();
  await connection.close();
} else {
  let left = Number(argument);
  await channel.prefetch(1);
  await channel.consume(queue, (message) => {
    const body = message.content.toString();
    process.stdout.write(`Received ${body}\n`);
    const dots = body.split(".").length - 1;
    setTimeout(async () => {
      channel.ack(message);
      if (--left > 0) return;
      await channel.close();
      await connection.close();
    }, dots * 10);
  });
}
