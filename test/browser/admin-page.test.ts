import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { noBrowser, openBrowser } from "../support/browser.js";
import { run } from "../support/command.js";
import { noPseudoTerminal, startInTerminal } from "../support/pseudo-terminal.js";
import { brokerUrl, management, uniqueQueue } from "../support/queue.js";
import { standInBrowser } from "../support/stand-in-browser.js";

/** Opens an address of the admin UI, logs in, and checks that it is the queue's page, with so many ready tasks. */
async function seePage(t: TestContext, address: string, queue: string, ready: number): Promise<void> {
  const page = await openBrowser(t);
  await page.goto(address);
  await page.fill("input[name=username]", "guest");
  await page.fill("input[name=password]", "guest");
  await page.click("input[type=submit]");
  await page.locator("h1", { hasText: "Queue" }).waitFor();
  const title = await page.locator("h1", { hasText: "Queue" }).innerText();
  assert.equal(title.replace(/\s+in virtual host.*/s, ""), `Queue ${queue}`);
  assert.equal(page.url(), address, "the login keeps the address");
  await page
    .locator("tr", { hasText: new RegExp(`^\\s*Ready\\s*${ready}\\s*$`) })
    .first()
    .waitFor();
}

test("the address that y opens shows the queue's page with its ready count, after the login", {
  skip: noBrowser || noPseudoTerminal,
}, async (t) => {
  const queue = uniqueQueue(t);
  await run(t, "new-task", ["-q", queue, "-f", "-"], { stdin: "one\ntwo\n" });
  const desktop = standInBrowser(t);
  const command = startInTerminal(t, "new-task", ["-q", queue, "three"], desktop.env, 200);
  await command.says("[y/N]");
  command.child.stdin?.write("y\r");
  assert.equal((await command.ended).code, 0);
  await seePage(t, await desktop.page(), queue, 3);
});

test("so does the address of task-queue admin, whatever the queue and its vhost are called", {
  skip: noBrowser,
}, async (t) => {
  const vhost = "v/ ü%2F";
  const inPath = encodeURIComponent(vhost);
  await management(`vhosts/${inPath}`, { method: "PUT" });
  t.after(() => management(`vhosts/${inPath}`, { method: "DELETE" }));
  const all = JSON.stringify({ configure: ".*", write: ".*", read: ".*" });
  await management(`permissions/${inPath}/guest`, { method: "PUT", body: all });
  const queue = 'q/漢 %23 #"?';
  const words = ["-u", `${brokerUrl}/${inPath}`, "-q", queue];
  assert.equal((await run(t, "new-task", [...words, "one"])).code, 0);
  const desktop = standInBrowser(t);
  assert.equal((await run(t, "task-queue", ["admin", ...words], { env: desktop.env })).code, 0);
  await seePage(t, await desktop.page(), queue, 1);
});
