// The same as limit.c in Node, for machines without a C compiler; its arguments too.
import { connect } from "node:net";

const [role, host, port, queue, type, ...more] = process.argv.slice(2);
const [count, size] = more.map(Number);

const METHOD = 1;
const HEADER = 2;
const BODY = 3;
const HEARTBEAT = 8;
const CONNECTION_CLOSE = 10 * 65536 + 50;
const CHANNEL_CLOSE = 20 * 65536 + 40;
const DELIVER = 60 * 65536 + 60;
const ACK = 60 * 65536 + 80;

const u8 = (number) => Buffer.of(number);
const u16 = (number) => Buffer.of(number >> 8, number & 255);
const u32 = (number) => Buffer.concat([u16(number >>> 16), u16(number & 65535)]);
const u64 = (number) => Buffer.concat([u32(Math.floor(number / 2 ** 32)), u32(number >>> 0)]);
const short = (text) => Buffer.concat([u8(text.length), Buffer.from(text)]);
const long = (bytes) => Buffer.concat([u32(bytes.length), Buffer.from(bytes)]);
const frame = (kind, channel, ...fields) => {
  const payload = Buffer.concat(fields);
  return Buffer.concat([u8(kind), u16(channel), u32(payload.length), payload, u8(0xce)]);
};
const method = (channel, classId, methodId, ...fields) =>
  frame(METHOD, channel, u16(classId), u16(methodId), ...fields);

const socket = connect({ port: Number(port), host, noDelay: true });
socket.on("error", fail);
socket.on("end", () => fail(new Error("the broker closed the connection")));

function fail(error) {
  process.stderr.write(`raw: ${error.message}\n`);
  process.exit(1);
}

/** What is done with a frame: its type, and where its payload starts in the buffer. */
let onFrame = () => {};
/** What is done when all frames of a segment have been looked at. */
let onSegment = () => {};
let rest = Buffer.alloc(0);
socket.on("data", (segment) => {
  const bytes = rest.length === 0 ? segment : Buffer.concat([rest, segment]);
  let at = 0;
  while (bytes.length - at >= 8) {
    const end = at + 8 + bytes.readUInt32BE(at + 3);
    if (bytes.length < end) break;
    if (bytes[at] !== HEARTBEAT) onFrame(bytes[at], bytes, at + 7);
    at = end;
  }
  rest = bytes.subarray(at);
  onSegment();
});

/** Sends something and waits for the method that answers it; what may come in one segment with it is for `then`. */
function call(bytes, classId, methodId, then = () => {}) {
  return new Promise((resolve) => {
    onFrame = (kind, buffer, at) => {
      if (kind !== METHOD) return;
      const id = buffer.readUInt32BE(at);
      if (id === classId * 65536 + methodId) {
        onFrame = then;
        resolve();
      } else if (id === CHANNEL_CLOSE || id === CONNECTION_CLOSE)
        fail(new Error("the broker closed the channel"));
    };
    socket.write(bytes);
  });
}

async function openChannel() {
  await call(Buffer.from("AMQP\0\0\x09\x01", "latin1"), 10, 10);
  const login = [u32(0), short("PLAIN"), long("\0guest\0guest"), short("en_US")];
  await call(method(0, 10, 11, ...login), 10, 30);
  const tuned = method(0, 10, 31, u16(1), u32(131072), u16(0));
  await call(Buffer.concat([tuned, method(0, 10, 40, short("/"), u16(0))]), 10, 41);
  await call(method(1, 20, 10, u8(0)), 20, 11);
  const kind = Buffer.concat([short("x-queue-type"), u8(83), long("quorum")]);
  const declared = [u16(0), short(queue), u8(2), long(type === "quorum" ? kind : "")];
  await call(method(1, 50, 10, ...declared), 50, 11);
}

function message() {
  const [, , properties, mandatory] = more;
  return Buffer.concat([
    method(1, 60, 40, u16(0), short(""), short(queue), u8(Number(mandatory))),
    frame(HEADER, 1, u16(60), u16(0), u64(size), Buffer.from(properties, "hex")),
    frame(BODY, 1, Buffer.alloc(size, "x")),
  ]);
}

async function publish() {
  await call(method(1, 85, 10, u8(0)), 85, 11);
  const one = message();
  const perBatch = Math.floor(65536 / one.length);
  const batch = Buffer.concat(Array.from({ length: perBatch }, () => one));
  const acked = new Uint8Array(count + 1);
  let confirmed = 0;
  let allUpTo = 0;
  let sent = 0;
  const write = () => {
    while (sent < count) {
      const some = Math.min(perBatch, count - sent);
      sent += some;
      if (!socket.write(batch.subarray(0, some * one.length))) break;
    }
  };
  await new Promise((resolve) => {
    onFrame = (kind, buffer, at) => {
      if (kind !== METHOD || buffer.readUInt32BE(at) !== ACK) fail(new Error("a message was not taken"));
      const tag = Number(buffer.readBigUInt64BE(at + 4));
      const multiple = buffer[at + 12] !== 0;
      for (let one = multiple ? allUpTo + 1 : tag; one <= tag; one++)
        if (acked[one] === 0) {
          acked[one] = 1;
          confirmed++;
        }
      if (multiple) allUpTo = Math.max(allUpTo, tag);
      if (confirmed === count) resolve();
    };
    socket.on("drain", write);
    write();
  });
}

async function consume() {
  await call(method(1, 60, 10, u32(0), u16(size), u8(0)), 60, 11);
  const ack = method(1, 60, 80, u64(0), u8(0));
  const acks = Buffer.concat(Array.from({ length: 4096 }, () => ack));
  let done = 0;
  let waiting = 0;
  const delivered = (kind, buffer, at) => {
    if (kind === METHOD) {
      if (buffer.readUInt32BE(at) !== DELIVER) fail(new Error("the consumer was ended"));
      const tag = at + 5 + buffer[at + 4];
      buffer.copy(acks, waiting * ack.length + 11, tag, tag + 8);
    } else if (kind === BODY) {
      waiting++;
      done++;
    }
  };
  await new Promise((resolve) => {
    onSegment = () => {
      if (waiting === 0) return;
      socket.write(Buffer.from(acks.subarray(0, waiting * ack.length)));
      waiting = 0;
      if (done === count) resolve();
    };
    void call(method(1, 60, 20, u16(0), short(queue), short(""), u8(0), u32(0)), 60, 21, delivered);
  });
}

await openChannel();
if (role === "publish") await publish();
else await consume();
onSegment = () => {};
await call(method(0, 10, 50, u16(200), short(""), u32(0)), 10, 51);
socket.destroy();
