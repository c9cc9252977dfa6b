import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { isAtLeast } from "../support/broker.js";
import { assertClean } from "../support/clean.js";
import { start } from "../support/command.js";
import { openChannel, uniqueQueue } from "../support/queue.js";
import { type RawProperties, RawPublisher, raw } from "../support/raw-publisher.js";

const { array, field, long, short, table, uint } = raw;
const body = Buffer.from("task");
const worker = ["--dot", "0", "--exit-when-empty"];

async function declare(t: TestContext, type = "classic"): Promise<string> {
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": type } });
  return queue;
}

/** Works off the queue with the built command and asserts that so many tasks were done, and nothing else said. */
async function assertWorked(t: TestContext, queue: string, tasks: number): Promise<void> {
  const command = start(t, "worker", ["-q", queue, ...worker]);
  // Whatever it warns of is a failure, and a worker that loses its connection again and again would not end.
  command.child.stderr?.once("data", () => command.child.kill());
  const { code, stdout, stderr } = await command.ended;
  assert.deepEqual([code, stderr], [0, ""]);
  assertClean(stdout);
  assert.equal(stdout.match(/^ \[x\] Received 'task'$/gm)?.length, tasks);
  assert.equal(stdout.match(/^ \[x\] Done \(\d+\.\d s\)$/gm)?.length, tasks);
  assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 0);
}

/** A header field of every type that RabbitMQ knows ("AMQP 0-9-1 Errata"), at the edge of its range. */
const fields: Record<string, Buffer> = {
  "t, a boolean": field("t", uint(1, 2)),
  "b, 8 bits": field("b", uint(1, 0x80)),
  "B, 8 bits unsigned": field("B", uint(1, 0xff)),
  "s, 16 bits": field("s", uint(2, 0x8000)),
  "u, 16 bits unsigned": field("u", uint(2, 0xffff)),
  "I, 32 bits": field("I", uint(4, 0x8000_0000)),
  "i, 32 bits unsigned": field("i", uint(4, 0xffff_ffff)),
  "l, 64 bits": field("l", uint(8, 1n << 63n)),
  "f, a float": field("f", uint(4, 0x7f7f_ffff)),
  "d, a double": field("d", uint(8, 0x7fef_ffff_ffff_ffffn)),
  "D, a decimal": field("D", Buffer.from([255, 0xff, 0xff, 0xff, 0xff])),
  "S, a string of escapes": field("S", long("\x1b[2J\r\n\0\u202e")),
  "S, a string that is no UTF-8": field("S", long(Buffer.from([0xff, 0xfe]))),
  "A, an array": field("A", array(field("V"), field("t", uint(1, 0)), field("A", array()))),
  "T, a timestamp": field("T", uint(8, (1n << 64n) - 1n)),
  "F, a table": field("F", table({ "": field("V"), ["__proto__"]: field("F", table({ a: field("V") })) })),
  "V, nothing": field("V"),
  "x, bytes": field("x", long(Buffer.from([0x00, 0xff]))),
};

test("a task with a header of any type that AMQP has is worked", async (t) => {
  const queue = await declare(t);
  const publisher = await RawPublisher.open(t);
  for (const header of Object.values(fields))
    await publisher.publish(queue, { headers: table({ header }) }, body);
  await publisher.publish(queue, { headers: table(fields) }, body);
  await publisher.publish(queue, { headers: table({ ["__proto__"]: field("F", table(fields)) }) }, body);
  await assertWorked(t, queue, Object.keys(fields).length + 2);
});

test("a task with a header of type L, which amqplib cannot decode, is worked, and its message id is there", async (t) => {
  const queue = await declare(t);
  const publisher = await RawPublisher.open(t);
  const headers = table({ L: field("L", uint(8, 1)) });
  const messageId = short("kept");
  await publisher.publish(queue, { headers }, body);
  await publisher.publish(queue, { contentType: short("a/b"), headers, messageId }, body);
  await publisher.publish(
    queue,
    { contentType: short("a/b"), contentEncoding: short("c"), headers, messageId },
    Buffer.from(""),
  );
  const json = start(t, "worker", ["-q", queue, "--json", ...worker]);
  assert.equal((await json.ended).code, 0);
  assert.deepEqual(
    json.recorder.all("task-done").map(({ task }) => [task.id, task.text]),
    [
      ["delivery-1", "task"],
      ["kept", "task"],
      ["kept", ""],
    ],
  );
  assert.deepEqual(json.recorder.all("connection-lost"), []);
});

/** A field of arrays or tables in one another, so many levels deep. */
function nested(tag: "A" | "F", levels: number): Buffer {
  // Each level: its tag and length; in a table, before these, the length of an empty name.
  const head = tag === "A" ? 5 : 6;
  const bytes = Buffer.alloc(head * levels - (tag === "A" ? 0 : 1));
  let at = 0;
  for (let level = 0; level < levels; level++) {
    if (tag === "F" && level > 0) at++;
    bytes.write(tag, at);
    bytes.writeUInt32BE(bytes.length - at - 5, at + 1);
    at += 5;
  }
  return bytes;
}

// A quorum queue's broker takes seconds for the deepest, and so does RabbitMQ 4: it encodes them anew, in square time.
for (const { type, levels } of [
  { type: "classic", levels: [100, 5_000, 21_000] },
  { type: "quorum", levels: [100, 12_000] },
])
  test(`a ${type} queue: headers nested ${levels.join(", ")} levels deep, which amqplib cannot follow, are worked`, async (t) => {
    const queue = await declare(t, type);
    const publisher = await RawPublisher.open(t);
    const depths = (await isAtLeast(4, 0)) ? levels.filter((depth) => depth <= 12_000) : levels;
    for (const depth of depths)
      for (const tag of ["A", "F"] as const)
        await publisher.publish(queue, { headers: table({ deep: nested(tag, depth) }) }, body);
    await assertWorked(t, queue, depths.length * 2);
  });

const properties: Record<string, RawProperties> = {
  "a body that is said to be gzip and is not": { contentEncoding: short("gzip") },
  "an unknown encoding": { contentEncoding: short("\x1b[2J") },
  "an unknown type": { contentType: short("application/\x1b]0;owned\x07") },
  "the longest message id": { messageId: short("x".repeat(255)) },
  "a message id of escapes": { messageId: short("\x1b[2J\r\n\0\x9b\u202e") },
  "a message id that is no UTF-8": { messageId: short(Buffer.from([0xff, 0xfe, 0xc3])) },
  "an empty message id": { messageId: short("") },
  "a time after the end of time": { timestamp: uint(8, (1n << 64n) - 1n) },
  "the highest priority there is": { priority: uint(1, 255) },
  "delivery mode 0": { deliveryMode: uint(1, 0) },
  "delivery mode 9": { deliveryMode: uint(1, 9) },
  "an expiration": { expiration: short("600000") },
};

for (const type of ["classic", "quorum"])
  test(`a ${type} queue: a task is worked whatever its properties say of it`, async (t) => {
    const queue = await declare(t, type);
    const ids: string[] = [];
    for (const [what, one] of Object.entries(properties)) {
      const publisher = await RawPublisher.open(t); // a refusal closes it
      try {
        await publisher.publish(queue, one, body);
        ids.push(one.messageId?.subarray(1).toString() || "delivery");
      } catch (refusal) {
        t.diagnostic(`the broker refuses ${what}: ${refusal}`);
        assert.match(what, /^delivery mode/);
      }
    }
    const json = start(t, "worker", ["-q", queue, "--json", "--max-tasks", String(ids.length), ...worker]);
    const { code, stdout } = await json.ended;
    assert.equal(code, 0);
    assertClean(stdout, 2_000);
    // In any order: RabbitMQ 4's quorum queues prefer what has a high priority.
    const done = json.recorder
      .all("task-done")
      .map(({ task }) => task.id.replace(/^delivery-\d+$/, "delivery"));
    assert.deepEqual(done.sort(), ids.sort());
    assert.equal((await (await openChannel(t)).checkQueue(queue)).messageCount, 0);
  });

test("a publisher's own x-delivery-count is not taken for the broker's", async (t) => {
  const queue = await declare(t, "quorum");
  const publisher = await RawPublisher.open(t);
  const counts = [field("l", uint(8, 77)), field("S", long("\x1b[2J")), field("d", uint(8, 0x7fefn << 48n))];
  for (const count of counts)
    await publisher.publish(queue, { headers: table({ "x-delivery-count": count }) }, body);
  const json = start(t, "worker", ["-q", queue, "--json", ...worker]);
  assert.equal((await json.ended).code, 0);
  const received = json.recorder.all("task-received");
  assert.deepEqual(
    received.map(({ deliveryCount }) => deliveryCount),
    [undefined, undefined, undefined],
  );
});
