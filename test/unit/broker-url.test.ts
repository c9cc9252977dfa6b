import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { WorkQueueError } from "#dist/engine/errors.js";

/** Parses a text that must be refused; gives the error. */
function refused(text: string): WorkQueueError {
  try {
    new BrokerUrl(text);
  } catch (error) {
    assert.ok(error instanceof WorkQueueError, `${error}`);
    assert.equal(error.code, "BAD_URL");
    return error;
  }
  assert.fail(`${text} is taken for an AMQP URL`);
}

test("a URL that names only a host means guest, the scheme's port and the vhost /", () => {
  const { scheme, host, port, vhost, username, password, heartbeat } = new BrokerUrl("amqp://localhost");
  assert.deepEqual(
    { scheme, host, port, vhost, username, password, heartbeat },
    {
      scheme: "amqp",
      host: "localhost",
      port: 5672,
      vhost: "/",
      username: "guest",
      password: "guest",
      heartbeat: undefined,
    },
  );
});

test("each part is read from its place, as RabbitMQ's URI specification has it", async (t) => {
  const cases: [text: string, expected: Partial<BrokerUrl>][] = [
    ["amqp://h:1", { port: 1 }],
    ["amqp://h:65535", { port: 65_535 }],
    ["amqp://h:", { port: 5672 }],
    ["amqps://h", { scheme: "amqps", port: 5671 }],
    ["AMQPS://h", { scheme: "amqps", port: 5671 }],
    ["amqp://u:secret@h", { username: "u", password: "secret", host: "h" }],
    ["amqp://u@h", { username: "u", password: "" }],
    ["amqp://u:@h", { username: "u", password: "" }],
    ["amqp://guest@h", { username: "guest", password: "" }],
    ["amqp://u:a:b@h", { username: "u", password: "a:b" }],
    ["amqp://u:p%C3%A4ss@h", { password: "päss" }],
    ["amqp://m%C3%BCller:%23%2F%3F%40%25@h", { username: "müller", password: "#/?@%" }],
    ["amqp://h?heartbeat=30", { heartbeat: 30 }],
    ["amqp://h/v?heartbeat=0", { heartbeat: 0, vhost: "v" }],
    ["amqp://[::1]", { host: "::1", port: 5672, endpoint: "[::1]:5672" }],
    ["amqps://u:p@[2001:db8::7]:1234/v", { host: "2001:db8::7", endpoint: "[2001:db8::7]:1234" }],
    ["amqp://h:5673", { endpoint: "h:5673" }],
  ];
  for (const [text, expected] of cases)
    await t.test(text, () => {
      const url = new BrokerUrl(text);
      for (const [part, value] of Object.entries(expected)) assert.equal(url[part as keyof BrokerUrl], value);
    });
});

test("the vhost is what follows the first slash, decoded, and / where that is nothing", () => {
  const cases = {
    "": "/",
    "/": "/",
    "//": "/",
    "/%2F": "/",
    "/%2f": "/",
    "/foo": "foo",
    "/foo/": "foo/",
    "/a/b": "a/b",
    "/a%2Fb%20c": "a/b c",
    "/%C3%A9": "é",
  };
  for (const [path, vhost] of Object.entries(cases))
    assert.equal(new BrokerUrl(`amqp://h${path}`).vhost, vhost, path);
});

test("a malformed URL is refused with the part at fault and without its password", async (t) => {
  const cases: [text: string, part: RegExp][] = [
    ["amqp://u:hunter#2@h", /"#".*user name or password.*# is %23/],
    ["amqp://u:hunter/2@h", /"\/".*user name or password.*\/ is %2F/],
    ["amqp://u:hunter?2@h", /"\?".*user name or password.*\? is %3F/],
    ["amqp://u:hunter@2@h", /"@".*user name or password.*@ is %40/],
    ["amqp://u:hunter%zz2@h", /percent-encoding in its password/],
    ["amqp://u:hunter%E42@h", /percent-encoding in its password/],
    ["amqp://%:hunter2@h", /percent-encoding in its user name/],
    ["amqp://u:hunter2@h/%", /percent-encoding in its virtual host/],
    ["amqp://u:hunter2@%C3", /percent-encoding in its host/],
    ["amqp://u:hunter2@h:65536", /port.*1 to 65535/],
    ["amqp://u:hunter2@h:0", /port/],
    ["amqp://u:hunter2@h:56x", /port/],
    ["amqp://u:hunter2@h:-1", /port/],
    ["amqp://u:hunter2@", /no host/],
    ["amqp://u:hunter2@:5672/v", /no host/],
    ["amqp://u:hunter2@::1", /host/],
    ["amqp://u:hunter2@[::1", /IPv6/],
    ["amqp://u:hunter2@h/v#x", /"#".*%23/],
    ["amqp://u:hunter2@h?frame_max=1", /query parameter/],
    ["amqp://u:hunter2@h?heartbeat=hunter2", /heartbeat/],
    ["amqp://u:hunter2@h?heartbeat=-1", /heartbeat/],
    ["amqp://u:hunter2@h?heartbeat=", /heartbeat/],
    ["u:hunter2@h", /no scheme/],
    ["//u:hunter2@h", /no scheme/],
    ["localhost", /no scheme/],
    ["", /no scheme/],
    ["http://u:hunter2@h:15672", /http:\/\//],
    ["amqp://u:hunter 2@h", /white space/],
    ["amqp://u:hunter2@h\n", /white space/],
    ["amqp://u:hunter2@h/\u0007", /control character/],
  ];
  for (const [text, part] of cases)
    await t.test(JSON.stringify(text), () => {
      const error = refused(text);
      assert.match(error.message, part);
      // "hunter" alone: not even the half in front of the character at fault may show.
      assert.doesNotMatch(`${error.message}${inspect(error)}`, /hunter/);
    });
});

// Random passwords, marked so that they cannot be in the rest of a text by chance.
const passwords = fc.string({ unit: "grapheme" }).map((text) => `hunter2${text}`);

test("no form in which a URL is shown has its password", () => {
  fc.assert(
    fc.property(passwords, (password) => {
      const url = new BrokerUrl(`amqp://joe:${encodeURIComponent(password)}@h:1/v`);
      assert.equal(url.password, password);
      const shown = [String(url), `${url}`, JSON.stringify({ url }), inspect(url, { showHidden: true })];
      shown.push(inspect(new Error("x", { cause: url })), Object.values(url).join(), url.endpoint);
      for (const text of shown) assert.doesNotMatch(text, /hunter/);
    }),
  );
});

test("a password that was not percent-encoded is not in the error either", () => {
  fc.assert(
    fc.property(passwords, fc.constantFrom("#", "/", "?", "@", "%", " "), (password, character) => {
      assert.doesNotMatch(inspect(refused(`amqp://joe:${password}${character}@h`)), /hunter/);
    }),
  );
});

test("the redacted URL reads back as the same broker", () => {
  const parts = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(parts, parts, (username, vhost) => {
      const path = encodeURIComponent(vhost);
      const url = new BrokerUrl(`amqps://${encodeURIComponent(username)}:x@[::1]:7/${path}`);
      const again = new BrokerUrl(url.toString());
      assert.equal(again.toString(), url.toString());
      assert.equal(again.vhost, vhost);
      assert.equal(again.username, username);
    }),
  );
});
