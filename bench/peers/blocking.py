# pika's blocking connection: every publish waits for its confirm.
#   python3 blocking.py publish <url> <queue> <type> <file>
#   python3 blocking.py consume <url> <queue> <type> <count> <prefetch>
import sys
import time
import uuid

import pika

role, url, queue, kind, what = sys.argv[1:6]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
arguments = {"x-queue-type": "quorum"} if kind == "quorum" else None
channel.queue_declare(queue=queue, durable=True, arguments=arguments)

if role == "publish":
    channel.confirm_delivery()
    with open(what, "rb") as lines:
        for line in lines:
            properties = pika.BasicProperties(
                content_type="text/plain; charset=utf-8",
                delivery_mode=2,
                message_id=str(uuid.uuid4()),
                timestamp=int(time.time()),
            )
            channel.basic_publish("", queue, line.rstrip(b"\n"), properties, mandatory=True)
else:
    left = int(what)
    channel.basic_qos(prefetch_count=int(sys.argv[6]))
    for method, _properties, _body in channel.consume(queue):
        channel.basic_ack(method.delivery_tag)
        left -= 1
        if left == 0:
            break
    channel.cancel()
connection.close()
