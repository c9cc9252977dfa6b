/* The limit: the clients' AMQP work, encoded beforehand, on a bare socket.
     limit publish <host> <port> <queue> <classic|quorum> <count> <bytes of a body> <properties> <mandatory: 0 or 1>
     limit consume <host> <port> <queue> <classic|quorum> <count> <prefetch>
   host: an IPv4 address; properties: as properties.mjs encodes them */
#include <poll.h>

#include "wire.h"

struct message {
  const char *queue, *properties;
  size_t size;
  int mandatory;
};

static void put_hexadecimal(const char *digits) {
  for (unsigned byte; sscanf(digits, "%2x", &byte) == 1; digits += 2) put(byte, 1);
}

static void put_message(const struct message *message) {
  size_t start = begin_method(1, ID(60, 40)); /* basic.publish */
  put(0, 2);
  put_short("");
  put_short(message->queue);
  put(message->mandatory, 1);
  end(start);
  start = begin(HEADER, 1);
  put(60, 2);
  put(0, 2);
  put(message->size, 8);
  put_hexadecimal(message->properties);
  end(start);
  start = begin(BODY, 1);
  memset(out + out_to, 'x', message->size);
  out_to += message->size;
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

static void publish(uint64_t count, const struct message *message) {
  size_t start = begin_method(1, ID(85, 10)); /* confirm.select */
  put(0, 1);
  end(start);
  call(ID(85, 11));
  put_message(message);
  size_t each = out_to, sent = 0;
  while (out_to + each <= sizeof out) put_message(message);
  size_t batch = out_to, total = count * each;
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
  if (count < 8) fail("see the top of limit.c");
  uint64_t tasks = strtoull(words[6], NULL, 10);
  open_channel(words[2], atoi(words[3]), words[4], words[5]);
  if (count == 8)
    consume(words[4], tasks, atoi(words[7]));
  else
    publish(tasks, &(struct message){words[4], words[8], strtoull(words[7], NULL, 10), atoi(words[9])});
  size_t start = begin_method(0, ID(10, 50)); /* connection.close */
  put(200, 2);
  put_short("");
  put(0, 4);
  end(start);
  call(ID(10, 51));
  return 0;
}
