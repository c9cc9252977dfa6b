import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pickPorts } from "#dist/broker/ports.js";
import { pemPath } from "../support/certificates.js";
import { run } from "../support/command.js";
import { adminUrl, brokerUrl, openChannel, uniqueQueue } from "../support/queue.js";
import { standInBrowser } from "../support/stand-in-browser.js";
import { statusOf } from "../support/status.js";
import { tlsFront } from "../support/tls-front.js";

const admin = (t: TestContext, words: string[], env: NodeJS.ProcessEnv) =>
  run(t, "task-queue", ["admin", ...words], { env });

test("admin prints the address of the queue's page and opens it", async (t) => {
  const browser = standInBrowser(t);
  const { code, stdout, stderr } = await admin(t, ["-q", "q/ 漢\x1b"], browser.env);
  const page = `${adminUrl}#/queues/%2F/q%2F%20%E6%BC%A2%1B`;
  assert.deepEqual([code, stdout, stderr], [0, `Admin UI: ${page}\n`, ""]);
  assert.equal(await browser.page(), page);
});

const noBrowser = { BROWSER: "/no/such/browser", DISPLAY: undefined, WAYLAND_DISPLAY: undefined };

test("where no browser can be started one line says so, and it leaves with 1", async (t) => {
  for (const env of [noBrowser, { ...noBrowser, PATH: "/no/such/path" }]) {
    const { code, stdout, stderr } = await admin(t, [], env);
    assert.deepEqual([code, stderr], [1, ""]);
    assert.match(stdout, /^Admin UI: http.*\nNo browser could be started \(.*\); open the URL above\.\n$/);
  }
});

test("a browser that stays is not waited for, and not ended", async (t) => {
  const browser = standInBrowser(t, true);
  const { code, stdout } = await admin(t, [], browser.env);
  assert.equal(code, 0);
  assert.equal(stdout.trim().split("\n").length, 1);
  await browser.page(); // the test's end fails where it is gone
});

test("where nothing answers it says how to enable the admin UI, opens nothing and leaves with 1", async (t) => {
  const browser = standInBrowser(t);
  const { code, stdout } = await admin(t, ["--admin-url", "http://127.0.0.1:1"], browser.env);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^Admin UI: http:\/\/127\.0\.0\.1:1\/#\/queues\/%2F\/task_queue\nNothing answers there\. .*rabbitmq-plugins enable/,
  );
  assert.ok(browser.untouched());
});

test("of several addresses the page of the first that answers is opened", async (t) => {
  const browser = standInBrowser(t);
  const words = ["-q", "any", "-u", "amqp://127.0.0.1:1", "-u", brokerUrl];
  assert.equal((await admin(t, words, browser.env)).code, 0);
  assert.equal(await browser.page(), `${adminUrl}#/queues/%2F/any`);
});

test("the AMQP URL's password is in no output and in no address", async (t) => {
  const browser = standInBrowser(t);
  const url = brokerUrl.replace("amqp://", "amqp://joe:hunter2@");
  const { code, stdout, stderr } = await admin(t, ["-u", url], browser.env);
  assert.equal(code, 0);
  assert.doesNotMatch(stdout + stderr + (await browser.page()), /joe|hunter2/);
});

test("wrong usage exits with 2: an --admin-url with a password, which is not shown", async (t) => {
  const { code, stderr } = await admin(t, ["--admin-url", "http://joe:hunter2@host"], {});
  assert.equal(code, 2);
  assert.match(stderr, /must not contain a user/);
  assert.doesNotMatch(stderr, /hunter2/);
});

test("with TLS: status asks AMQP and the management API by --ca, and admin leaves the certificate to the browser", async (t) => {
  const { amqp, management } = await pickPorts(false);
  await tlsFront(t, { port: amqp, target: Number(new URL(brokerUrl).port) });
  await tlsFront(t, { port: management, target: Number(new URL(adminUrl).port) });
  const queue = uniqueQueue(t);
  const channel = await openChannel(t);
  await channel.assertQueue(queue, { durable: true });
  const url = `amqps://localhost:${amqp}`;

  const status = await statusOf(t, url, queue, "--ca", pemPath("ca"));
  assert.deepEqual([status.ready, status.unacknowledged, status.unknownBecause], [0, 0, null]);
  const untrusted = await run(t, "task-queue", ["status", "-u", url, "-q", queue]);
  assert.equal(untrusted.code, 1);
  assert.match(
    untrusted.stderr,
    /^Error: TLS with localhost:\d+ failed: unable to verify the first certificate/,
  );
  // AMQP in plain, as guest; the API's certificate is not trusted.
  const half = await statusOf(t, brokerUrl, queue, "--admin-url", `https://localhost:${management}`);
  assert.match(half.unknownBecause ?? "", /does not answer \(unable to verify the first certificate\)/);

  const browser = standInBrowser(t);
  assert.equal((await admin(t, ["-u", url, "-q", queue], browser.env)).code, 0);
  assert.equal(await browser.page(), `https://localhost:${management}/#/queues/%2F/${queue}`);
});
