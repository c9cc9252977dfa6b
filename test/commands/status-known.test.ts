import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import stringWidth from "string-width";
import { run } from "../support/command.js";
import { eventually, eventuallyIs } from "../support/eventually.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { hasReady, management, openChannel, brokerUrl as url } from "../support/queue.js";
import { type StatusJson, statusOf } from "../support/status.js";

/** What status knows, tells and keeps to itself where something is in its way. */

const host = url.replace("amqp://", "");

const password = "pä ß:/#?%@,x";
const urlOf = (user: string): string => `amqp://${user}:${encodeURIComponent(password)}@${host}`;
/** Orders by the API: the tools of a broker in a container need not take UTF-8 for their arguments. */
const put = (path: string, body: object = {}) =>
  management(path, { method: "PUT", body: JSON.stringify(body) });
const everything = { configure: ".*", write: ".*", read: ".*" };
const users = { untagged: "", clerk: "management", guard: "monitoring" };
for (const [user, tags] of Object.entries(users)) {
  await put(`users/${user}`, { password, tags });
  await put(`permissions/%2F/${user}`, everything);
}
test.after(() =>
  Promise.all(Object.keys(users).map((user) => management(`users/${user}`, { method: "DELETE" }))),
);

/** A queue with one ready task and a consumer of guest's that holds two; the queue goes with the test. */
async function busyQueue(t: TestContext, queue: string, args = {}, vhost = ""): Promise<void> {
  const channel = await openChannel(t, `${url}${vhost}`);
  await channel.assertQueue(queue, { durable: true, arguments: args });
  await channel.prefetch(2);
  await channel.consume(queue, () => {}, { consumerTag: "holder" });
  for (const text of ["one", "two", "three"]) channel.sendToQueue(queue, Buffer.from(text));
  await hasReady(channel, queue, 1);
  t.after(() => channel.deleteQueue(queue).catch(() => {}));
}

const sampled = (t: TestContext, queue: string, words: string[], at = url): Promise<StatusJson> =>
  eventuallyIs(`the samples have the worker of ${queue}`, async () => {
    const status = await statusOf(t, at, queue, ...words);
    return status.workers?.length === 1 ? status : undefined;
  });

const overAmqp = { ready: 1, workerCount: 1, type: null, unacknowledged: null, workers: null };

/** The fields of a status that `of` has. */
const part = (status: StatusJson, of: object) =>
  Object.fromEntries(Object.keys(of).map((key) => [key, status[key as keyof StatusJson]]));

const human = (t: TestContext, at: string, queue: string, ...words: string[]) =>
  run(t, "task-queue", ["status", "-u", at, "-q", queue, ...words]);

test("without the management API: what AMQP tells, and why the rest is not known", async (t) => {
  await busyQueue(t, "absent");
  const words = ["--admin-url", "http://127.0.0.1:1"];
  const status = await statusOf(t, url, "absent", ...words);
  assert.deepEqual(part(status, overAmqp), overAmqp);
  assert.deepEqual(status.rates, { publish: null, ack: null });
  assert.match(status.unknownBecause ?? "", /^The management API at http:\/\/127\.0\.0\.1:1 does not answer/);
  const { code, stdout, stderr } = await human(t, url, "absent", ...words);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /ready {11}1\n {2}unacknowledged {2}unknown\n {2}workers {9}1\n/);
  assert.match(stdout, /^ \[!\] AMQP alone gives no more than this\. The management API .*ECONNREFUSED/m);
  assert.match(stdout, / Exact: ready, workers\.\n$/);
});

test("a user without the management tag gets the same, and what would help", async (t) => {
  await busyQueue(t, "untagged");
  const status = await statusOf(t, urlOf("untagged"), "untagged");
  assert.deepEqual(part(status, overAmqp), overAmqp);
  assert.match(
    status.unknownBecause ?? "",
    /refuses user "untagged" \(Not management user; it needs the tag monitoring\)/,
  );
});

test("a user tagged management does not see what others' workers hold; monitoring does", async (t) => {
  await busyQueue(t, "tagged");
  const clerk = await sampled(t, "tagged", [], urlOf("clerk"));
  assert.equal(clerk.unacknowledged, 2);
  assert.deepEqual(clerk.workers, [{ name: "holder", prefetch: 2, unacknowledged: null }]);
  assert.match(
    clerk.unknownBecause ?? "",
    /"clerk" may see its own workers' channels only; the tag monitoring shows all/,
  );
  await eventually("the samples have what the worker holds", async () => {
    const guard = await statusOf(t, urlOf("guard"), "tagged");
    assert.equal(guard.unknownBecause, null);
    return guard.workers?.[0]?.unacknowledged === 2;
  });
});

test("no output shows the password", async (t) => {
  await busyQueue(t, "secret");
  for (const user of ["untagged", "guard"])
    for (const words of [[], ["--json"], ["--admin-url", "http://127.0.0.1:1"]]) {
      const { code, stdout, stderr } = await human(t, urlOf(user), "secret", ...words);
      assert.equal(code, 0, stderr);
      for (const form of [
        password,
        encodeURIComponent(password),
        "pä ß",
        "p%C3%A4",
        Buffer.from(password).toString("base64"),
      ])
        assert.ok(!(stdout + stderr).includes(form), stdout + stderr);
    }
});

const hostile = "queue/\x1b[2J\x07 %2F?#漢字 \u202e\x9b";

test("any queue and vhost name is found by the API, and neither acts on a terminal", async (t) => {
  const vhost = "v/ %é#\x1b";
  await put(`vhosts/${encodeURIComponent(vhost)}`);
  t.after(() => management(`vhosts/${encodeURIComponent(vhost)}`, { method: "DELETE" }));
  await put(`permissions/${encodeURIComponent(vhost)}/guest`, everything);
  const at = `${url}/${encodeURIComponent(vhost)}`;
  await busyQueue(t, hostile, {}, `/${encodeURIComponent(vhost)}`);
  const { code, stdout } = await human(t, at, hostile, "--json");
  assert.equal(code, 0);
  const status = JSON.parse(stdout) as StatusJson;
  assert.deepEqual([status.queue, status.vhost, status.unacknowledged], [hostile, vhost, 2]);
  assert.equal(status.unknownBecause, null);
  const lines = (await human(t, at, hostile)).stdout;
  for (const text of [stdout, lines]) assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.match(lines, /^Queue 'queue\/\\x1b\[2J\\x07 %2F\?#漢字 /);
});

test("it fits a terminal of 60 columns, and every line keeps to them", {
  skip: noPseudoTerminal,
}, async (t) => {
  const queue = `${hostile.slice(0, 20)}${"漢".repeat(60)}`;
  const channel = await openChannel(t, url);
  await channel.assertQueue(queue, { durable: true, arguments: { "x-single-active-consumer": true } });
  t.after(() => channel.deleteQueue(queue).catch(() => {}));
  await channel.prefetch(0);
  await channel.consume(queue, () => {}, { consumerTag: `worker ${"漢字".repeat(20)}` });
  await sampled(t, queue, []);
  const { code, stdout } = await startInTerminal(
    t,
    "task-queue",
    ["status", "--no-color", "-u", url, "-q", queue],
    {},
    60,
  ).ended;
  assert.equal(code, 0);
  const lines = stdout.replaceAll("\r", "").trimEnd().split("\n");
  for (const line of lines) assert.ok(stringWidth(line) <= 60, line);
  const table = lines.filter((line) => /^ {2}worker .*(unacknowledged|no limit)/.test(line));
  assert.equal(table.length, 2, stdout);
  assert.equal(
    lines.find((line) => line.includes("no limit"))?.search("…") !== -1,
    true,
    "the long name is cut",
  );
  assert.match(stdout, / \[!\] The queue has a Single Active Consumer: one/);
  assert.match(stdout, / \[!\] A worker without a prefetch limit is sent every/);
});

for (const { words, says } of [
  { words: ["status", "--admin-url", "http://a:b@host"], says: /must not contain a user/ },
  { words: ["status", "extra"], says: /too many arguments/ },
  { words: ["status", "-q", ""], says: /must not be empty/ },
  { words: ["status", "--explain"], says: /unknown option/ },
])
  test(`wrong usage exits with 2: task-queue ${JSON.stringify(words)}`, async (t) => {
    const { code, stdout, stderr } = await run(t, "task-queue", words);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, says);
    assert.match(stderr, /See task-queue status --help\.|^Error: /m);
    assert.doesNotMatch(stderr, /a:b@/);
  });

for (const { what, at, says } of [
  { what: "a closed port", at: "amqp://localhost:1", says: /localhost:1 .*ECONNREFUSED/ },
  { what: "a wrong password", at: `amqp://guest:s3cret@${host}`, says: /refuses user "guest"/ },
  { what: "an unknown vhost", at: `${url}/nowhere`, says: /"nowhere" does not exist/ },
])
  test(`${what} is the same error as of the other commands`, async (t) => {
    const { code, stderr } = await human(t, at, "any", "--json");
    assert.equal(code, 1);
    assert.match(stderr, says);
    assert.equal(stderr.trim().split("\n").length, 2);
    assert.doesNotMatch(stderr, /s3cret/);
  });

test("of several addresses the first that answers is used, for the management API too", async (t) => {
  await busyQueue(t, "several");
  const words = ["-u", "amqp://localhost:1", "-u", url, "-q", "several", "--json"];
  const { code, stdout, stderr } = await run(t, "task-queue", ["status", ...words]);
  assert.equal(code, 0);
  assert.match(stderr, /^ \[!\] Nothing listens on localhost:1 .* Trying amqp:/);
  assert.equal((JSON.parse(stdout) as StatusJson).unacknowledged, 2);
});

test("--wait keeps trying until its time is over", async (t) => {
  const { code, stderr } = await human(t, "amqp://localhost:1", "any", "--wait", "300ms");
  assert.equal(code, 1);
  assert.match(stderr, /Reconnecting in .* \(attempt 1\)[\s\S]*^Error: Nothing listens on localhost:1/m);
});

test("what a channel with several consumers holds is of none of them in particular", async (t) => {
  await busyQueue(t, "shared");
  const channel = await openChannel(t, url);
  await channel.prefetch(3);
  for (const consumerTag of ["left", "right"]) await channel.consume("shared", () => {}, { consumerTag });
  const workers = await eventuallyIs("the samples have all three consumers", async () => {
    const { workers } = await statusOf(t, url, "shared");
    return workers?.length === 3 && workers[0]?.unacknowledged === 2 ? workers : undefined;
  });
  assert.deepEqual(
    workers.map(({ name, prefetch, unacknowledged }) => [name, prefetch, unacknowledged]),
    [
      ["holder", 2, 2],
      ["left", 3, null],
      ["right", 3, null],
    ],
  );
});
