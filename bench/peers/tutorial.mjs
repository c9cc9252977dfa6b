// The JavaScript tutorial's pair: no confirms and half a second for the message to arrive; a timer per task.
//   node tutorial.mjs publish <url> <queue> <text>
//   node tutorial.mjs consume <url> <queue> <count>
import amqp from "amqplib/callback_api";

const [role, url, queue, what] = process.argv.slice(2);

amqp.connect(url, (connectError, connection) => {
  if (connectError) throw connectError;
  connection.createChannel((channelError, channel) => {
    if (channelError) throw channelError;
    channel.assertQueue(queue, { durable: true });
    if (role === "publish") send(connection, channel);
    else work(connection, channel, Number(what));
  });
});

function send(connection, channel) {
  channel.sendToQueue(queue, Buffer.from(what), { persistent: true });
  process.stdout.write(` [x] Sent '${what}'\n`);
  setTimeout(() => {
    connection.close();
    process.exit(0);
  }, 500);
}

function work(connection, channel, count) {
  let left = count;
  channel.prefetch(1);
  channel.consume(queue, (message) => {
    const text = message.content.toString();
    const seconds = text.split(".").length - 1;
    process.stdout.write(` [x] Received ${text}\n`);
    setTimeout(() => {
      process.stdout.write(" [x] Done\n");
      channel.ack(message);
      if (--left === 0) channel.close(() => connection.close());
    }, seconds * 1000);
  });
}
