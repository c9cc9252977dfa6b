// The work-queue pair as a JavaScript learner has it from the tutorial: amqplib's callbacks, a durable quorum
// queue, persistent tasks, no confirms, a timer per dot, and no listener for what goes wrong.
//   node tutorial.mjs send <url> <queue> <type>               a task per line of standard input
//   node tutorial.mjs work <url> <queue> <type> <ms per dot>
import { createInterface } from "node:readline";
import amqp from "amqplib/callback_api";

const [role, url, queue, type, dotMs] = process.argv.slice(2);
const say = (text) => process.stdout.write(`${text}\n`);

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": type } });
    if (role === "send") send(connection, channel);
    else work(channel);
  });
});

function send(connection, channel) {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (task) => {
    channel.sendToQueue(queue, Buffer.from(task), { persistent: true });
    say(`Sent ${task}`);
  });
  // Nothing tells that a task has arrived: half a second is taken to be enough.
  lines.on("close", () =>
    setTimeout(() => {
      connection.close();
      process.exit(0);
    }, 500),
  );
}

function work(channel) {
  channel.prefetch(1);
  channel.consume(queue, (message) => {
    const task = message.content.toString();
    say(`Received ${task}`);
    const dots = task.split(".").length - 1;
    setTimeout(() => {
      say(`Done ${task}`);
      channel.ack(message);
    }, dots * Number(dotMs));
  });
}
