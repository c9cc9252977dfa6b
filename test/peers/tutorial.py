# The work-queue pair as a Python learner has it from the tutorial: pika's blocking connection, a durable queue,
# persistent tasks, no confirms, a sleep per dot, and no way back after an error.
#   python3 tutorial.py send <url> <queue> <type>               a task per line of standard input
#   python3 tutorial.py work <url> <queue> <type> <ms per dot>
import sys
import time

import pika

role, url, queue, kind = sys.argv[1:5]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
# Without the argument, as the tutorial had it for years, it is the broker's default: a classic queue.
arguments = {"x-queue-type": "quorum"} if kind == "quorum" else None
channel.queue_declare(queue=queue, durable=True, arguments=arguments)

if role == "send":
    for line in sys.stdin:
        task = line.rstrip("\n")
        persistent = pika.BasicProperties(delivery_mode=2)
        channel.basic_publish(exchange="", routing_key=queue, body=task, properties=persistent)
        print("Sent", task, flush=True)
    connection.close()
else:
    seconds_per_dot = int(sys.argv[5]) / 1000

    def work(ch, method, _properties, body):
        print("Received", body.decode(), flush=True)
        time.sleep(body.count(b".") * seconds_per_dot)
        print("Done", body.decode(), flush=True)
        ch.basic_ack(delivery_tag=method.delivery_tag)

    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(queue=queue, on_message_callback=work)
    channel.start_consuming()
