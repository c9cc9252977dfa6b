/* AMQP 0-9-1 on a bare socket: frames out of and into buffers, and a channel with the queue declared on it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { METHOD = 1, HEADER = 2, BODY = 3, HEARTBEAT = 8, FRAME_END = 0xCE };
#define ID(class, method) ((uint32_t)(class) << 16 | (method))

struct frame {
  unsigned type;
  const unsigned char *payload;
};

static int connection;
static unsigned char out[1 << 16], in[1 << 18];
static size_t out_to, in_from, in_to;

static void fail(const char *what) {
  fprintf(stderr, "limit: %s\n", what);
  exit(1);
}

static void put(uint64_t number, int bytes) {
  while (bytes-- > 0) out[out_to++] = number >> (8 * bytes) & 0xFF;
}

static void put_bytes(const void *bytes, size_t size) {
  memcpy(out + out_to, bytes, size);
  out_to += size;
}

static void put_short(const char *text) {
  put(strlen(text), 1);
  put_bytes(text, strlen(text));
}

static size_t begin(int type, int channel) {
  put(type, 1);
  put(channel, 2);
  put(0, 4);
  return out_to;
}

static size_t begin_method(int channel, uint32_t id) {
  size_t start = begin(METHOD, channel);
  put(id, 4);
  return start;
}

static void end(size_t start) {
  size_t to = out_to;
  out_to = start - 4;
  put(to - start, 4);
  out_to = to;
  put(FRAME_END, 1);
}

static void flush(void) {
  for (size_t from = 0; from < out_to;) {
    ssize_t sent = send(connection, out + from, out_to - from, 0);
    if (sent < 0) fail("the connection broke");
    from += sent;
  }
  out_to = 0;
}

static uint64_t number_at(const unsigned char *from, int bytes) {
  uint64_t number = 0;
  while (bytes-- > 0) number = number << 8 | *from++;
  return number;
}

/* Takes the next frame out of what has been read; 0 where it is not complete yet. */
static int next(struct frame *frame) {
  if (in_to - in_from < 8) return 0;
  size_t size = number_at(in + in_from + 3, 4) + 8;
  if (in_to - in_from < size) return 0;
  frame->type = in[in_from];
  frame->payload = in + in_from + 7;
  in_from += size;
  return 1;
}

static void fill(void) {
  memmove(in, in + in_from, in_to - in_from);
  in_to -= in_from;
  in_from = 0;
  ssize_t got = recv(connection, in + in_to, sizeof in - in_to, 0);
  if (got <= 0) fail("the broker closed the connection");
  in_to += got;
}

/* Sends what was put, and waits for the answer. */
static void call(uint32_t answer) {
  struct frame frame;
  flush();
  for (;;) {
    while (!next(&frame)) fill();
    if (frame.type != METHOD) continue;
    uint32_t id = number_at(frame.payload, 4);
    if (id == answer) return;
    if (id == ID(20, 40) || id == ID(10, 50)) fail("the broker closed the channel");
  }
}

static void open_channel(const char *host, int port, const char *queue, const char *type) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  int on = 1;
  connection = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) fail("no connection");

  put_bytes("AMQP\0\0\x09\x01", 8);
  call(ID(10, 10));
  size_t start = begin_method(0, ID(10, 11)); /* start-ok */
  put(0, 4);
  put_short("PLAIN");
  put(12, 4);
  put_bytes("\0guest\0guest", 12);
  put_short("en_US");
  end(start);
  call(ID(10, 30));
  start = begin_method(0, ID(10, 31)); /* tune-ok: channels, frame size, no heartbeat */
  put(1, 2);
  put(131072, 4);
  put(0, 2);
  end(start);
  start = begin_method(0, ID(10, 40));
  put_short("/");
  put(0, 2);
  end(start);
  call(ID(10, 41));
  start = begin_method(1, ID(20, 10));
  put(0, 1);
  end(start);
  call(ID(20, 11));
  start = begin_method(1, ID(50, 10)); /* queue.declare, durable */
  put(0, 2);
  put_short(queue);
  put(2, 1);
  if (strcmp(type, "quorum") == 0) {
    put(1 + 12 + 1 + 4 + 6, 4);
    put_short("x-queue-type");
    put('S', 1);
    put(6, 4);
    put_bytes("quorum", 6);
  } else
    put(0, 4);
  end(start);
  call(ID(50, 11));
}
