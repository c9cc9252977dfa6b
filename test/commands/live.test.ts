import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { type TestContext, test } from "node:test";
import type { LiveEvent } from "#dist/live/live-event.js";
import { run, start } from "../support/command.js";
import { eventually } from "../support/eventually.js";
import { leftRunning } from "../support/left-running.js";
import { type LivePage, ownVhost, startLive } from "../support/live.js";
import { ownTemporary } from "../support/own-temporary.js";
import { brokerUrl, management } from "../support/queue.js";

/** A request as some program sends it: any headers. */
async function ask(
  live: LivePage,
  { method = "GET", path = "/", body = "", ...headers }: Record<string, string>,
): Promise<{ status: number; text: string; headers: IncomingMessage["headers"] }> {
  const sent = request(`${live.origin}${path}`, { method, headers });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode ?? 0, text, headers: response.headers };
}

const cookieOf = ({ origin, token }: LivePage): string => `task-queue-live-${new URL(origin).port}=${token}`;

const queuesIn = (vhost: string) =>
  management<{ name: string }[]>(`queues/${vhost}?disable_stats=true&columns=name`);

test("L6: without the token, with a foreign Host or Origin, or from another site: 403, and nothing is done", async (t) => {
  const { url } = await ownVhost(t);
  const live = await startLive(t, ["-u", url]);
  const { host } = new URL(live.origin);
  const cookie = cookieOf(live);
  const post = {
    method: "POST",
    path: "/act",
    "content-type": "application/json",
    body: '{"do":"send-tutorial"}',
  };
  const own = { ...post, cookie, origin: live.origin };
  const refused: Record<string, string>[] = [
    { path: "/" },
    { path: "/?token=wrong" },
    { path: "/page/main.js" },
    { path: "/events" },
    { path: "/events.ndjson" },
    { path: `/events?token=${live.token}` }, // only the page itself may be had with the token in the address
    { path: "/", cookie: cookie.slice(0, -1) },
    { path: "/", cookie, host: "evil.example" },
    { path: "/", cookie, host: `127.0.0.1.evil.example:${host.split(":")[1]}` },
    { path: "/", cookie, origin: "http://evil.example" },
    { path: "/events.ndjson", cookie, "sec-fetch-site": "cross-site" },
    { ...own, origin: "http://evil.example" },
    { ...own, origin: "null" },
    { ...own, origin: live.origin.replace("http:", "https:") },
    { ...own, host: "evil.example", origin: "http://evil.example" },
    { ...post, cookie },
    { ...post, origin: live.origin },
    { ...post, origin: live.origin, path: `/act?token=${live.token}` },
  ];
  for (const words of refused) assert.equal((await ask(live, words)).status, 403, JSON.stringify(words));
  assert.equal((await ask(live, { ...own, "content-type": "text/plain" })).status, 400);
  assert.equal((await ask(live, { ...own, body: `{"do":"${"x".repeat(1024 * 1024)}"}` })).status, 413);
  assert.ok(!live.events.some(({ event }) => event === "task-published"), "nothing was sent");

  const page = await ask(live, { path: `/?token=${live.token}` });
  assert.equal(page.status, 200);
  assert.match(page.headers["set-cookie"]?.[0] ?? "", /; HttpOnly; SameSite=Strict$/);
  const policy = String(page.headers["content-security-policy"]);
  assert.match(policy, /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  assert.equal((await ask(live, own)).status, 200);
  await live.sees("the tutorial's tasks", (event) => event.event === "task-published");
});

test("L7: requests that make no sense are refused with what is wrong", async (t) => {
  const { url } = await ownVhost(t);
  const live = await startLive(t, ["-u", url]);
  for (const [wrong, said] of [
    [{}, /no such button/],
    [{ do: "send" }, /"text" is missing/],
    [{ do: "send", text: "a\0b" }, /NUL/],
    [{ do: "start-worker", prefetch: 1, concurrency: 2, dotMs: 0 }, /never gets as many/],
    [{ do: "start-worker", prefetch: -1, concurrency: 1, dotMs: 0 }, /"prefetch" is a whole number/],
    [{ do: "worker", name: "worker-1", how: "kill" }, /not started by this page/],
    [{ do: "worker", name: "worker-1", how: "SIGKILL" }, /"how" is one of/],
    [{ do: "broker", how: "kill" }, /private broker/],
  ] as const) {
    const response = await live.act(wrong);
    assert.equal(response.status, 400);
    assert.match(await response.text(), said);
  }
});

/** A page with a worker that has a task, and a paused one. */
async function busyPage(t: TestContext, url: string, env: NodeJS.ProcessEnv): Promise<LivePage> {
  const live = await startLive(t, ["-u", url, "-q", "work"], env);
  for (const _ of [1, 2]) await live.act({ do: "start-worker", prefetch: 1, concurrency: 1, dotMs: 1_000 });
  await live.act({ do: "send-file", kind: "csv", content: '"one, with a comma...",x\ntwo...\nthree...\n' });
  await live.sees("a task", (event) => event.event === "task-received" && event.name === "worker-2");
  assert.equal((await live.act({ do: "worker", name: "worker-2", how: "pause" })).status, 200);
  await live.sees("the pause", (event) => event.event === "worker-paused");
  return live;
}

test("L8: after Ctrl-C there is no process, no file, no queue and no tracing left, and the virtual host is as it was", async (t) => {
  const vhost = await ownVhost(t);
  const { env, left } = ownTemporary(t);
  const live = await busyPage(t, vhost.url, env);
  assert.equal((await vhost.about()).tracing, true);
  live.command.child.kill("SIGINT");
  const { code, stderr } = await live.command.ended;
  assert.equal(code, 0);
  assert.match(stderr, /2 workers of the page finish their tasks\. Ctrl-C again kills them\.\nStopped\.\n$/);
  assert.deepEqual(left(), []);
  assert.deepEqual(leftRunning(env.TMPDIR), []);
  assert.deepEqual(await vhost.about().then(({ tracing, description }) => [tracing, description]), [
    false,
    "a test's",
  ]);
  assert.deepEqual(await queuesIn(vhost.name).then((queues) => queues.map(({ name }) => name)), ["work"]);
  const texts = live.events.flatMap((event) => (event.event === "task-published" ? [event.task.text] : []));
  assert.deepEqual(texts, ["one, with a comma...", "two...", "three..."]);
});

test("L9: after kill -9 its processes end, the paused one too; the next start says that tracing was left on, and switches it off where it is asked to", async (t) => {
  const vhost = await ownVhost(t);
  const { env, left } = ownTemporary(t);
  const live = await busyPage(t, vhost.url, env);
  live.command.child.kill("SIGKILL");
  await live.command.ended;
  await eventually("nothing is left running", () => leftRunning(env.TMPDIR).length === 0);
  await eventually("no file is left", () => left().length === 0);
  assert.equal((await vhost.about()).tracing, true);

  const next = await startLive(t, ["-u", vhost.url, "-q", "work"]);
  await next.command.says("Tracing was on already");
  await next.sees("so says the page", (event) => event.event === "sight" && event.wasOn);
  next.command.child.kill("SIGINT");
  await next.command.ended;
  assert.equal((await vhost.about()).tracing, true, "it was on, and nobody has asked");

  const last = await startLive(t, ["-u", vhost.url, "-q", "work"]);
  await last.sees("it was on", (event) => event.event === "sight" && event.wasOn);
  assert.equal((await last.act({ do: "switch-tracing-off" })).status, 200);
  last.command.child.kill("SIGTERM");
  await last.command.ended;
  assert.equal((await vhost.about()).tracing, false);
});

test("L10: two pages at a time: when one ends, and switches tracing off, the other goes on seeing", async (t) => {
  const vhost = await ownVhost(t);
  const one = await startLive(t, ["-u", vhost.url, "-q", "work"]);
  const two = await startLive(t, ["-u", vhost.url, "-q", "work"]);
  one.command.child.kill("SIGINT");
  await one.command.ended;
  await eventually("tracing is on again", async () => (await vhost.about()).tracing);
  await run(t, "new-task", ["-u", vhost.url, "-q", "work", "seen."]);
  await two.sees("the task", (event) => event.event === "task-published" && event.task.text === "seen.");
  two.command.child.kill("SIGINT");
  await two.command.ended;
  assert.equal((await vhost.about()).tracing, false);
});

test("L11: its --json is drawn by task-queue timeline; what was not seen is drawn as such", async (t) => {
  const { url } = await ownVhost(t);
  const live = await startLive(t, ["-u", url, "-q", "work"]);
  const worker = start(t, "worker", ["-u", url, "-q", "work", "--name", "kitchen", "--dot", "50ms"]);
  await live.sees(
    "the worker by its name",
    (event) => event.event === "worker-known" && event.name === "kitchen",
  );
  await run(t, "new-task", ["-u", url, "-q", "work", "-f", "-"], { stdin: "one..\ntwo..\n" });
  await live.sees(
    "the last one is done",
    (event) => event.event === "task-done" && event.task.text === "two..",
  );
  worker.child.kill("SIGINT");
  live.command.child.kill("SIGINT");
  const { stdout } = await live.command.ended;
  const drawn = await run(t, "task-queue", ["timeline", "-"], { stdin: stdout });
  assert.equal(drawn.code, 0, drawn.stderr);
  assert.match(drawn.stdout, /kitchen ├one[^\n]*┊[^\n]*├two/);
  assert.match(drawn.stdout, /┊ done by then \(not seen\)/);
});

test("L12: without tracing, or for a user who may not switch it on, it says so and shows what it can", async (t) => {
  const vhost = await ownVhost(t);
  const live = await startLive(t, ["-u", vhost.url, "-q", "work", "--no-trace"]);
  await live.act({ do: "start-worker", prefetch: 1, concurrency: 1, dotMs: 1 });
  await live.act({ do: "send", text: "own." });
  await live.sees(
    "its own task is done",
    (event) => event.event === "task-done" && event.task.text === "own.",
  );
  await live.sees(
    "so it says",
    (event) => event.event === "sight" && !event.trace && /--no-trace/.test(event.because ?? ""),
  );
  assert.equal((await vhost.about()).tracing, false);
  live.command.child.kill("SIGINT"); // its worker would take the next task
  await live.command.ended;

  const [user, password] = ["watcher", "s3cret/%"];
  await management(`users/${user}`, {
    method: "PUT",
    body: JSON.stringify({ password, tags: "monitoring" }),
  });
  t.after(() => management(`users/${user}`, { method: "DELETE" }));
  const all = JSON.stringify({ configure: ".*", write: ".*", read: ".*" });
  await management(`permissions/${encodeURIComponent(vhost.name)}/${user}`, { method: "PUT", body: all });
  const login = vhost.url.replace("amqp://", `amqp://${user}:${encodeURIComponent(password)}@`);
  const other = await startLive(t, ["-q", "work"], { AMQP_URL: login });
  await other.sees(
    "what is missing",
    (event) =>
      event.event === "sight" && !event.trace && /needs the tag administrator/.test(event.because ?? ""),
  );
  await other.act({ do: "start-worker", prefetch: 1, concurrency: 1, dotMs: 1 });
  await other.act({ do: "send", text: "as watcher." });
  await other.sees("a task", (event) => event.event === "task-done" && event.task.text === "as watcher.");
  const { pid } = other.command.child;
  const history = await ask(other, { path: "/events.ndjson", cookie: cookieOf(other) });
  const told = [
    history.text,
    JSON.stringify(other.events),
    other.command.stderr,
    readFileSync(`/proc/${pid}/cmdline`, "utf8"),
  ];
  for (const text of told)
    for (const secret of [password, encodeURIComponent(password)]) assert.ok(!text.includes(secret));
});

test("L13: a port that is in use is an error that says so; where nothing answers on this machine, a private RabbitMQ is started, and said so", async (t) => {
  const { url } = await ownVhost(t);
  const live = await startLive(t, ["-u", url]);
  const taken = new URL(live.origin).port;
  const second = await run(t, "task-queue", ["live", "--no-open", "-u", url, "--port", taken]);
  assert.equal(second.code, 2);
  assert.match(second.stderr, new RegExp(`^Error: Port ${taken} is in use; --port names another one\\.\n`));

  const alone = await startLive(t, ["-u", "amqp://localhost:1"]);
  assert.match(
    alone.command.stderr,
    /localhost:1.*Starting a private RabbitMQ \.\.\.\nRabbitMQ runs at amqp:\/\/localhost:\d+ until this page ends\./s,
  );
  alone.command.child.kill("SIGINT");
  assert.equal((await alone.command.ended).code, 0);
  const elsewhere = await run(t, "task-queue", ["live", "--no-open", "-u", "amqp://nowhere.invalid"]);
  assert.equal(elsewhere.code, 1);
  assert.doesNotMatch(elsewhere.stderr, /private/);
  assert.notEqual(brokerUrl, "");
});

test("L15: a lesson is watched on the page: it begins when that is open, and the page stays, with what was seen", async (t) => {
  const lesson = start(t, "task-queue", ["lesson", "share-the-work", "--live", "--dot", "20ms"], {
    env: { TASK_QUEUE_OPEN: "no" },
  });
  await lesson.says(/token=\S+\n/);
  const [, origin = "", token = ""] = /(http:\/\/127\.0\.0\.1:\d+)\/\?token=(\S+)/.exec(lesson.stdout) ?? [];
  const headers = { cookie: `task-queue-live-${new URL(origin).port}=${token}` };
  const closed = new AbortController();
  t.after(() => closed.abort());
  const page = await fetch(`${origin}/events`, { headers, signal: closed.signal });
  assert.equal(page.status, 200);
  await lesson.says("The page stays");
  const lines = (await (await fetch(`${origin}/events.ndjson`, { headers })).text()).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as LiveEvent);
  const done = events.filter((event) => event.event === "task-done");
  assert.equal(done.length, 5);
  assert.ok(
    done.every((event) => !("derived" in event)),
    "all were seen",
  );
  assert.deepEqual(new Set(done.map(({ name }) => name)), new Set(["worker-1", "worker-2"]));
  assert.equal(events.at(-1)?.event, "over");
  const sent = await fetch(`${origin}/act`, {
    ...{ method: "POST", body: '{"do":"send-tutorial"}' },
    headers: { ...headers, origin, "content-type": "application/json" },
  });
  assert.match(await sent.text(), /shows a lesson/);
  lesson.child.kill("SIGINT");
  assert.equal((await lesson.ended).code, 0);
});
