import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { createPublisher, type PublisherOptions, WorkQueueError } from "rabbitmq-work-queue";
import { sharedBroker } from "../support/broker.js";
import { Running } from "../support/command.js";
import { brokerUrl, management, openChannel, readAll, uniqueQueue } from "../support/queue.js";
import { Recorder } from "../support/recorder.js";
import { TcpProxy } from "../support/tcp-proxy.js";

/** A publisher on a queue of its own, closed with the test; it connects through a network that can be cut. */
async function publisherOn(t: TestContext, options: PublisherOptions = {}) {
  const network = await TcpProxy.start(t, Number(new URL(brokerUrl).port));
  const queue = uniqueQueue(t);
  const recorder = new Recorder();
  const publisher = createPublisher({
    url: `amqp://127.0.0.1:${network.port}`,
    queue,
    onEvent: (event) => recorder.add(event),
    ...options,
  });
  t.after(() => publisher.close());
  return { publisher, queue, recorder, network };
}

/** The code and text of each one's error, or "confirmed". */
async function outcomes(publishing: Promise<void>[]): Promise<string[]> {
  return (await Promise.allSettled(publishing)).map((one) => {
    if (one.status === "fulfilled") return "confirmed";
    assert.ok(one.reason instanceof WorkQueueError, String(one.reason));
    return `${one.reason.code}: ${one.reason.message}`;
  });
}

/** Of each one's error, whether the task may be stored; null where there is no error. */
async function mayBeStored(publishing: Promise<void>[]): Promise<(boolean | null | undefined)[]> {
  return (await Promise.allSettled(publishing)).map((one) =>
    one.status === "fulfilled" ? null : (one.reason as WorkQueueError).mayBeStored,
  );
}

test("a publisher sends every task over one connection, in the order of the calls, and has it confirmed", async (t) => {
  const { publisher, queue, recorder } = await publisherOn(t);
  await publisher.publish("one");
  const channel = await openChannel(t);
  assert.equal((await channel.checkQueue(queue)).messageCount, 1);
  await publisher.publish(Buffer.from("two"));
  await Promise.all([publisher.publish("three"), publisher.publish(new Uint8Array([102, 111, 117, 114]))]);
  await publisher.close();
  assert.equal(recorder.all("connected").length, 1);
  assert.deepEqual(await readAll(channel, queue), ["one", "two", "three", "four"]);
  assert.deepEqual(
    recorder.all("task-confirmed").map(({ line }) => line),
    [1, 2, 3, 4],
  );
  const [stopped] = recorder.all("stopped");
  assert.ok(stopped !== undefined && "confirmed" in stopped && stopped.confirmed === 4 && stopped.complete);
});

test("no more than 1,000 tasks are unconfirmed at a time, however many are asked for", async (t) => {
  let inFlight = 0;
  let most = 0;
  const { publisher, queue } = await publisherOn(t, {
    onEvent: ({ event }) => {
      if (event === "task-sent") most = Math.max(most, ++inFlight);
      if (event === "task-confirmed") inFlight--;
    },
  });
  const bodies = Array.from({ length: 5_000 }, (_, number) => `task ${number}`);
  await Promise.all(bodies.map((body) => publisher.publish(body)));
  assert.ok(most <= 1_000 && most > 100, `${most} in flight`);
  assert.deepEqual(await readAll(await openChannel(t), queue), bodies);
});

test("a task that no queue takes is rejected, and the next one finds the queue declared again", async (t) => {
  const { publisher, queue } = await publisherOn(t);
  await publisher.publish("one");
  await (await openChannel(t)).deleteQueue(queue);
  assert.match((await outcomes([publisher.publish("two")]))[0] ?? "", /^UNROUTABLE: .*NO_ROUTE/);
  await publisher.publish("three");
  assert.deepEqual(await readAll(await openChannel(t), queue), ["three"]);
});

test("a task that is too large is rejected, and those around it are stored", async (t) => {
  const { url } = await sharedBroker("limited");
  const queue = uniqueQueue(t, url);
  const { publisher } = await publisherOn(t, { url, queue });
  const publishing = ["one", "x".repeat(2_000), "three"].map((body) => publisher.publish(body));
  const [first, second = "", third] = await outcomes(publishing);
  assert.deepEqual([first, third], ["confirmed", "confirmed"]);
  assert.match(second, /^PUBLISH_REFUSED: Refused: larger than the 1,000 bytes/);
  assert.deepEqual(await mayBeStored(publishing), [null, false, null]);
  // The first may be there twice: the broker closed the channel over the second before it had confirmed it.
  assert.deepEqual(new Set(await readAll(await openChannel(t, url), queue)), new Set(["one", "three"]));
});

test("tasks that a full queue nacks are rejected as that, and are not stored", async (t) => {
  const { publisher, queue } = await publisherOn(t, { confirmTimeoutMs: 1_000 });
  const channel = await openChannel(t);
  const full = { "x-max-length": 1, "x-overflow": "reject-publish" };
  await channel.assertQueue(queue, { durable: true, arguments: full });
  await publisher.publish("one");
  const publishing = ["two", "three"].map((body) => publisher.publish(body));
  for (const told of await outcomes(publishing))
    assert.match(told, /^NACKED: .* took no task for 1 s \(nack\)\. It is not stored\.$/);
  assert.deepEqual(await mayBeStored(publishing), [false, false]);
  await channel.purgeQueue(queue);
  await publisher.publish("four");
  assert.deepEqual(await readAll(channel, queue), ["four"]);
});

test("a task that is nacked may be stored all the same if it was published on a lost connection before", async (t) => {
  const { publisher, queue, recorder, network } = await publisherOn(t, { confirmTimeoutMs: 1_000 });
  const channel = await openChannel(t);
  const full = { "x-max-length": 1, "x-overflow": "reject-publish" };
  await channel.assertQueue(queue, { durable: true, arguments: full });
  await publisher.publish("one");
  network.silence();
  const publishing = [publisher.publish("two")];
  await recorder.nth("task-sent", 2);
  network.cut();
  network.mend();
  assert.match((await outcomes(publishing))[0] ?? "", /^NACKED: .* It may or may not be stored\.$/);
  assert.deepEqual(await mayBeStored(publishing), [true]);
});

test("a user who may not publish is told so, and that the task may be stored for all that is known", async (t) => {
  const user = `no-writer-${randomUUID()}`;
  const put = (path: string, body: object) => management(path, { method: "PUT", body: JSON.stringify(body) });
  await put(`users/${user}`, { password: "none", tags: "" });
  t.after(() => management(`users/${user}`, { method: "DELETE" }));
  await put(`permissions/%2F/${user}`, { configure: ".*", write: "", read: ".*" });
  const { publisher } = await publisherOn(t, { url: brokerUrl.replace("//", `//${user}:none@`) });
  const publishing = [publisher.publish("one")];
  assert.match(
    (await outcomes(publishing))[0] ?? "",
    /^PUBLISH_REFUSED: .*403.* may or may not be stored\.$/,
  );
  assert.deepEqual(await mayBeStored(publishing), [true]);
});

test("a connection that is lost is replaced, and what was asked for meanwhile is stored", async (t) => {
  const { publisher, queue, recorder, network } = await publisherOn(t);
  await publisher.publish("one");
  network.cut();
  await recorder.first("connection-lost");
  const publishing = [publisher.publish("two"), publisher.publish("three")];
  network.mend();
  assert.deepEqual(await outcomes(publishing), ["confirmed", "confirmed"]);
  assert.equal(recorder.all("connected").length, 2);
  assert.deepEqual(await readAll(await openChannel(t), queue), ["one", "two", "three"]);
});

test("without a broker a task is rejected at once, and the next one connects anew", async (t) => {
  const { publisher, queue, network } = await publisherOn(t);
  network.cut();
  const [first = "", second = ""] = await outcomes([publisher.publish("one"), publisher.publish("two")]);
  assert.match(first, /^UNREACHABLE: .*This task was not sent\.$/);
  assert.equal(second, first);
  network.mend();
  await publisher.publish("three");
  assert.deepEqual(await readAll(await openChannel(t), queue), ["three"]);
});

test("P4: without a confirm in time, the error says which tasks may be stored and which were not sent", async (t) => {
  const { publisher, network } = await publisherOn(t, { confirmTimeoutMs: 500 });
  await publisher.publish("one");
  network.silence();
  const publishing = Array.from({ length: 1_001 }, () => publisher.publish("."));
  const told = await outcomes(publishing);
  for (const one of told.slice(0, -1))
    assert.match(one, /^CONFIRM_TIMEOUT: .* It may or may not be stored\.$/);
  assert.match(told.at(-1) ?? "", /^CONFIRM_TIMEOUT: .* This task was not sent\.$/);
  assert.deepEqual((await mayBeStored(publishing)).slice(-2), [true, false]);
  await publisher.publish("the next one, on a new connection");
});

test("a task is sent on a new connection while the one that failed is still closing, and close waits for both", async (t) => {
  const { publisher, queue, recorder, network } = await publisherOn(t, { confirmTimeoutMs: 500 });
  await publisher.publish("one");
  network.silence();
  const told = outcomes([publisher.publish("two")]);
  await recorder.first("task-unconfirmed");
  await publisher.publish("three");
  await publisher.close();
  assert.equal(recorder.all("stopped").length, 2);
  assert.match((await told)[0] ?? "", /^CONFIRM_TIMEOUT: /);
  assert.equal((await readAll(await openChannel(t), queue)).at(-1), "three");
});

test("closed before there is a connection, it gives up after the confirm timeout, however long it was to wait", async (t) => {
  const { publisher, recorder, network } = await publisherOn(t, {
    waitMs: Number.POSITIVE_INFINITY,
    confirmTimeoutMs: 500,
  });
  network.cut();
  const told = outcomes([publisher.publish("one")]);
  await recorder.first("reconnecting");
  const closing = publisher.close();
  await recorder.first("stopped");
  await closing;
  assert.match((await told)[0] ?? "", /^CONFIRM_TIMEOUT: No connection to .* This task was not sent\.$/);
});

test("closed before there is a connection, it still sends what was asked for once there is one", async (t) => {
  const { publisher, queue, recorder, network } = await publisherOn(t, { waitMs: Number.POSITIVE_INFINITY });
  network.cut();
  const told = outcomes([publisher.publish("one")]);
  await recorder.first("reconnecting");
  const closing = publisher.close();
  network.mend();
  await closing;
  assert.deepEqual(await told, ["confirmed"]);
  assert.deepEqual(await readAll(await openChannel(t), queue), ["one"]);
});

test("closed, it has confirmed what was asked for before, and takes no more", async (t) => {
  const { publisher, queue, recorder } = await publisherOn(t);
  const publishing = publisher.publish("one");
  const closing = publisher.close();
  assert.equal(publisher.close(), closing);
  const late = publisher.publish("two");
  assert.deepEqual(await outcomes([publishing, late]), [
    "confirmed",
    "INTERRUPTED: The publisher is closed.",
  ]);
  await closing;
  assert.equal(recorder.events.at(-1)?.event, "stopped");
  assert.deepEqual(await readAll(await openChannel(t), queue), ["one"]);
});

test("never used, it has no connection to close", async (t) => {
  const { publisher, recorder } = await publisherOn(t);
  await publisher.close();
  assert.deepEqual(recorder.events, []);
});

test("what is neither text nor bytes is rejected, and disturbs no other task", async (t) => {
  const { publisher } = await publisherOn(t);
  const wrong = publisher.publish(undefined as unknown as string);
  const [first, second] = await outcomes([wrong, publisher.publish("two")]);
  assert.deepEqual([first, second], ["INPUT: The task is neither a string nor bytes.", "confirmed"]);
});

test("a program that closes its publisher ends by itself", async (t) => {
  const program = `
    import { createPublisher } from "rabbitmq-work-queue";
    const publisher = createPublisher({ url: ${JSON.stringify(brokerUrl)}, queue: "${uniqueQueue(t)}" });
    await publisher.publish("one");
    await publisher.close();
    console.log("closed");`.replace(
    '"rabbitmq-work-queue"',
    JSON.stringify(import.meta.resolve("rabbitmq-work-queue")),
  );
  const words = ["--input-type=module", "-e", program];
  const { code, stdout, stderr } = await new Running(t, process.execPath, words).ended;
  assert.deepEqual([code, stdout, stderr], [0, "closed\n", ""]);
});
