# The Python tutorial's worker, which stops after a number of tasks.
#   python3 tutorial.py <url> <queue> <count>
import sys
import time

import pika

url, queue, count = sys.argv[1:4]
left = int(count)
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.queue_declare(queue=queue, durable=True)
print(" [*] Waiting for messages. To exit press CTRL+C")


def callback(ch, method, _properties, body):
    global left
    print(f" [x] Received {body.decode()}")
    time.sleep(body.count(b"."))
    print(" [x] Done")
    ch.basic_ack(delivery_tag=method.delivery_tag)
    left -= 1
    if left == 0:
        ch.stop_consuming()


channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue=queue, on_message_callback=callback)
channel.start_consuming()
connection.close()
