import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type ChannelModel, connect, type Options } from "amqplib";
import { publishAll, workAll } from "../support/engine.js";
import { brokerUrl, openChannel, readAllMessages, uniqueQueue } from "../support/queue.js";

/** A method of a class of amqplib, whose prototype is not exported. */
type Method = (...words: unknown[]) => unknown;
type Prototype = Record<"publish" | "ack" | "nack" | "reject", Method>;

/** The prototypes of both kinds of channel, as OpenTelemetry's instrumentation wraps their methods. */
async function prototypes(): Promise<{ plain: Prototype; confirming: Prototype }> {
  const connection: ChannelModel = await connect(brokerUrl);
  const channels = [await connection.createChannel(), await connection.createConfirmChannel()];
  await connection.close();
  const [plain, confirming] = channels.map((channel) => Object.getPrototypeOf(channel));
  return { plain, confirming };
}

/** Puts another function around a method until the test ends. */
function wrap(
  t: TestContext,
  prototype: Prototype,
  name: keyof Prototype,
  around: (words: unknown[], call: (...words: unknown[]) => unknown) => unknown,
): void {
  const original = prototype[name];
  const own = Object.hasOwn(prototype, name);
  prototype[name] = function (this: unknown, ...words: unknown[]) {
    return around(words, (...passed) => original.apply(this, passed));
  };
  t.after(() => {
    if (own) prototype[name] = original;
    else Reflect.deleteProperty(prototype, name);
  });
}

const tasks = Array.from({ length: 300 }, (_, number) => `task ${number}`);

test("every publish goes through amqplib's ConfirmChannel.publish, and its Channel.publish below that", async (t) => {
  const { plain, confirming } = await prototypes();
  const passed: Record<"plain" | "confirming", string[]> = { plain: [], confirming: [] };
  for (const [kind, prototype] of [
    ["plain", plain],
    ["confirming", confirming],
  ] as const)
    wrap(t, prototype, "publish", (words, call) => {
      passed[kind].push(String(words[2]));
      return call(...words);
    });
  const { totals } = await publishAll(tasks, { queue: uniqueQueue(t) });
  assert.equal(totals.confirmed, tasks.length);
  assert.deepEqual(passed, { plain: tasks, confirming: tasks });
});

test("every acknowledgement goes through amqplib's Channel.ack, with the message it is for; what fails, through nack or reject", async (t) => {
  const { plain } = await prototypes();
  const queue = uniqueQueue(t);
  await publishAll(tasks, { queue });
  const settled: Record<"ack" | "nack" | "reject", string[]> = { ack: [], nack: [], reject: [] };
  for (const name of ["ack", "nack", "reject"] as const)
    wrap(t, plain, name, (words, call) => {
      settled[name].push(String((words[0] as { content: Buffer }).content));
      return call(...words);
    });
  let failed = false;
  const { totals } = await workAll({
    queue,
    retry: "broker",
    concurrency: 20,
    handler: ({ text }) => {
      if (text !== "task 7" || failed) return;
      failed = true;
      throw new Error("this once");
    },
  });
  assert.equal(totals.done, tasks.length);
  assert.deepEqual(settled.ack.sort(), [...tasks].sort());
  assert.deepEqual([...settled.nack, ...settled.reject], ["task 7"]);
});

test("a header that a wrapper adds to options.headers arrives, with its own task and with no other", async (t) => {
  const { confirming } = await prototypes();
  const queue = uniqueQueue(t);
  wrap(t, confirming, "publish", ([exchange, key, content, given, ...more], call) => {
    const options: Options.Publish = given ?? {};
    options.headers = options.headers ?? {};
    options.headers["traceparent"] = `of ${content}`;
    // Not every task has this one, as not every task is sampled.
    if (/[05]$/.test(String(content))) options.headers["tracestate"] = `of ${content}`;
    return call(exchange, key, content, options, ...more);
  });
  await publishAll(tasks, { queue });
  const found = await readAllMessages(await openChannel(t), queue);
  assert.deepEqual(
    found.map(({ content, properties }) => [String(content), properties.headers]),
    tasks.map((task) => [
      task,
      { traceparent: `of ${task}`, ...(/[05]$/.test(task) ? { tracestate: `of ${task}` } : {}) },
    ]),
  );
});

test("without a wrapper a plain task has no headers", async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue });
  const [message] = await readAllMessages(await openChannel(t), queue);
  assert.deepEqual(message?.properties.headers, {});
});
