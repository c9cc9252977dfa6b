/* The limit: the AMQP work of the contenders, encoded beforehand, on a bare socket.
     limit publish <port> <queue> <classic|quorum> <count> <bytes of a body>
     limit consume <port> <queue> <classic|quorum> <count> <prefetch> */
#include <poll.h>

#include "wire.h"

static void put_message(const char *queue, size_t size) {
  size_t start = begin_method(1, ID(60, 40));
  put(0, 2);
  put_short("");
  put_short(queue);
  put(1, 1); /* mandatory */
  end(start);
  start = begin(HEADER, 1);
  put(60, 2);
  put(0, 2);
  put(size, 8);
  put(1 << 15 | 1 << 12 | 1 << 7 | 1 << 6, 2);
  put_short("text/plain; charset=utf-8");
  put(2, 1); /* persistent */
  put_short("00000000-0000-4000-8000-000000000000");
  put(1700000000, 8);
  end(start);
  start = begin(BODY, 1);
  memset(out + out_to, 'x', size);
  out_to += size;
  end(start);
}

/* Counts the messages that an ack is for: single acks may come before one of all up to a tag. */
static uint64_t confirm(unsigned char *acked, uint64_t *all_up_to, uint64_t tag, int multiple) {
  uint64_t news = 0;
  for (uint64_t at = multiple ? *all_up_to + 1 : tag; at <= tag; at++) {
    news += !acked[at];
    acked[at] = 1;
  }
  if (multiple && tag > *all_up_to) *all_up_to = tag;
  return news;
}

static void publish(const char *queue, uint64_t count, size_t size) {
  size_t start = begin_method(1, ID(85, 10)); /* confirm.select */
  put(0, 1);
  end(start);
  call(ID(85, 11));
  put_message(queue, size);
  size_t message = out_to, sent = 0;
  while (out_to + message <= sizeof out) put_message(queue, size);
  size_t batch = out_to, total = count * message;
  unsigned char *acked = calloc(count + 1, 1);
  uint64_t confirmed = 0, all_up_to = 0;
  struct frame frame;
  while (confirmed < count) {
    struct pollfd ready = {connection, POLLIN | (sent < total ? POLLOUT : 0), 0};
    poll(&ready, 1, -1);
    if (ready.revents & POLLOUT) {
      size_t from = sent % batch, size = batch - from;
      if (size > total - sent) size = total - sent;
      ssize_t written = send(connection, out + from, size, MSG_DONTWAIT);
      if (written > 0) sent += written;
    }
    if (!(ready.revents & ~POLLOUT)) continue;
    fill();
    while (next(&frame)) {
      if (frame.type == HEARTBEAT) continue;
      if (frame.type != METHOD || number_at(frame.payload, 4) != ID(60, 80)) fail("a message was not taken");
      confirmed += confirm(acked, &all_up_to, number_at(frame.payload + 4, 8), frame.payload[12]);
    }
  }
  out_to = 0;
}

static void consume(const char *queue, uint64_t count, int prefetch) {
  size_t start = begin_method(1, ID(60, 10)); /* basic.qos */
  put(0, 4);
  put(prefetch, 2);
  put(0, 1);
  end(start);
  call(ID(60, 11));
  start = begin_method(1, ID(60, 20)); /* basic.consume, acks by hand */
  put(0, 2);
  put_short(queue);
  put_short("");
  put(0, 1);
  put(0, 4);
  end(start);
  call(ID(60, 21));
  uint64_t tag = 0;
  struct frame frame;
  for (;;) {
    while (next(&frame)) {
      if (frame.type == METHOD) {
        if (number_at(frame.payload, 4) != ID(60, 60)) fail("the consumer was ended");
        tag = number_at(frame.payload + 5 + frame.payload[4], 8);
      }
      if (frame.type != BODY) continue;
      start = begin_method(1, ID(60, 80)); /* basic.ack */
      put(tag, 8);
      put(0, 1);
      end(start);
      if (out_to > sizeof out - 64) flush();
      if (--count == 0) return;
    }
    flush();
    fill();
  }
}

int main(int count, char **words) {
  if (count != 7) fail("see the top of limit.c");
  open_channel(atoi(words[2]), words[3], words[4]);
  if (strcmp(words[1], "publish") == 0)
    publish(words[3], strtoull(words[5], NULL, 10), strtoull(words[6], NULL, 10));
  else
    consume(words[3], strtoull(words[5], NULL, 10), atoi(words[6]));
  size_t start = begin_method(0, ID(10, 50)); /* connection.close */
  put(200, 2);
  put_short("");
  put(0, 4);
  end(start);
  call(ID(10, 51));
  return 0;
}
