# The work-queue pair as a Python learner writes it on pika: a durable classic queue, a sleep per dot.
#   python3 tutorial.py send <url> <queue> <message>
#   python3 tutorial.py work <url> <queue> <tasks>      leaves after so many tasks
import sys
import time

import pika

role, url, queue, argument = sys.argv[1:]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.queue_declare(queue=queue, durable=True)

if role == "send":
    persistent = pika.BasicProperties(delivery_mode=2)
    channel.basic_publish(exchange="", routing_key=queue, body=argument, properties=persistent)
else:
    left = int(argument)

    def work(ch, method, _properties, body):
        global left
        print("Received", body.decode(), flush=True)
        time.sleep(body.count(b".") * 0.01)
        ch.basic_ack(delivery_tag=method.delivery_tag)
        left -= 1
        if left == 0:
            ch.stop_consuming()

    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(queue=queue, on_message_callback=work)
    channel.start_consuming()

connection.close()
