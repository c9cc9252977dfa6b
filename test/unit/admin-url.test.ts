import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { adminPage, parseAdminUrl } from "#dist/commands/admin-url.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";

const page = (url: string, queue = "task_queue", base?: string): string =>
  adminPage(new BrokerUrl(url), queue, base);

test("the admin page is derived from the AMQP URL: 10000 ports above, https where it is amqps", () => {
  const cases = {
    "amqp://localhost": "http://localhost:15672",
    "amqp://localhost:5672": "http://localhost:15672",
    "amqps://localhost": "https://localhost:15671",
    "amqps://localhost:5671": "https://localhost:15671",
    "amqp://h:5673": "http://h:15673",
    "amqp://h:55535": "http://h:65535",
    "amqp://[::1]:5672": "http://[::1]:15672",
  };
  for (const [url, base] of Object.entries(cases)) assert.equal(page(url), `${base}/#/queues/%2F/task_queue`);
});

test("where there is no port 10000 above, the admin page is at the usual one", () => {
  assert.equal(page("amqp://h:55536"), "http://h:15672/#/queues/%2F/task_queue");
});

test("vhost and queue are percent-encoded, whatever they hold", () => {
  assert.equal(page("amqp://h/a%2Fb", "q?#/ é%"), "http://h:15672/#/queues/a%2Fb/q%3F%23%2F%20%C3%A9%25");
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.string({ unit: "grapheme" }),
      (queue, vhost) => {
        const { hash } = new URL(page(`amqp://h/${encodeURIComponent(vhost)}`, queue));
        assert.deepEqual(hash.split("/").slice(2).map(decodeURIComponent), [vhost || "/", queue]);
      },
    ),
  );
});

test("an address that is given takes the place of the derived one, however it ends", () => {
  for (const end of ["", "/", "//", "/#", "/#/", "#"])
    assert.equal(
      page("amqps://h:1/v", "q", `https://ui.example/rabbit${end}`),
      "https://ui.example/rabbit/#/queues/v/q",
    );
});

test("the admin page never has the AMQP URL's credentials", () => {
  for (const base of [undefined, "http://ui.example"])
    assert.doesNotMatch(page("amqp://joe:hunter2@h", "q", base), /joe|hunter2|@/);
});

test("an http or https address is taken as the admin UI's, as it was written", () => {
  for (const text of ["http://localhost:15672", "https://ui.example/rabbit/", "http://[::1]:15672/#/"])
    assert.equal(parseAdminUrl(text), text);
});

test("an admin address that no browser should be sent to is refused", () => {
  const none = ["", "localhost", "localhost:15672", "//h", "ftp://h", "file:///etc/passwd", "amqp://h:5672"];
  for (const text of [...none, "javascript:alert(1)", "http://", "http://h:65536"])
    assert.throws(() => parseAdminUrl(text), { code: "USAGE", message: /http:\/\/ or https:\/\// }, text);
});

test("an admin address with credentials is refused without telling them", () => {
  for (const text of ["http://joe:hunter2@h", "http://hunter2@h", "https://:hunter2@h"])
    assert.throws(
      () => parseAdminUrl(text),
      ({ code, message }) =>
        code === "USAGE" && /user or password/.test(message) && !message.includes("hunter2"),
      text,
    );
});
