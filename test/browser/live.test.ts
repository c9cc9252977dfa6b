import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { noBrowser, openBrowser } from "../support/browser.js";
import { Running, start } from "../support/command.js";
import { eventually, eventuallyIs } from "../support/eventually.js";
import { hostileBodies, publishSlowly } from "../support/hostile.js";
import { ownVhost, recordDeliveries, startLive } from "../support/live.js";
import { noPika, pythonWithPika } from "../support/python.js";
import { management } from "../support/queue.js";

const peer = (name: string): string => fileURLToPath(new URL(`../../../test/peers/${name}`, import.meta.url));
const axe = readFileSync(
  fileURLToPath(new URL("../../../node_modules/axe-core/axe.min.js", import.meta.url)),
  "utf8",
);

/** Opens the page, and fails the test for every error in it. */
async function openPage(t: TestContext, address: string): Promise<Page> {
  const page = await openBrowser(t);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    // That the server is gone is another matter: it may end before the page does.
    if (message.type() === "error" && !message.text().includes("net::ERR_")) errors.push(message.text());
  });
  t.after(() => assert.deepEqual(errors, []));
  await page.goto(address);
  await page.locator("#queue-name", { hasText: /./ }).waitFor();
  return page;
}

/** What axe-core finds. Its script is run by the test, past the page's own policy. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}
interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** The lanes as they are drawn: each worker's name, and its tasks in order. */
const lanesOf = (page: Page) =>
  page.locator(".lane").evaluateAll((lanes) =>
    lanes.flatMap((lane) => {
      const name = lane.querySelector(".name")?.textContent ?? "";
      return [...lane.querySelectorAll(".bar")].map((bar) => ({
        worker: name,
        text: bar.querySelector(".clip")?.textContent ?? "",
        redelivered: bar.querySelector(".begin")?.textContent === "↻",
      }));
    }),
  );

/** By how much the page is wider than its window, in px. */
const tooWide = (page: Page): Promise<number> =>
  page.evaluate("document.documentElement.scrollWidth - innerWidth");

const byText = (a: { worker: string; text: string }, b: typeof a) =>
  `${a.text} ${a.worker}`.localeCompare(`${b.text} ${b.worker}`);

test("L1: every task is drawn in the lane of the worker that the broker sent it to, each redelivery too: two workers of ours, the JavaScript and the Python tutorial's", {
  skip: noBrowser || noPika,
}, async (t) => {
  const { url } = await ownVhost(t);
  const queue = "work";
  const live = await startLive(t, ["-u", url, "-q", queue]);
  const recorded = await recordDeliveries(t, url, queue);
  const page = await openPage(t, live.address);
  const dotMs = "100";
  new Running(t, process.execPath, [peer("tutorial.mjs"), "work", url, queue, "classic", dotMs]);
  await live.sees("the JavaScript worker", (event) => event.event === "worker-known");
  new Running(t, pythonWithPika ?? "", [peer("tutorial.py"), "work", url, queue, "classic", dotMs]);
  await page.selectOption("#add-dot", dotMs);
  for (const _ of [1, 2]) await page.click("#add button");
  await eventually("all four lanes are there", async () => (await page.locator(".lane").count()) === 4);

  const dots = [20, 1, 3, 12, 7, 2, 20, 5, 9, 4, 1, 20];
  const tasks = dots.map((count, at) => `task ${String(at).padStart(2, "0")}${".".repeat(count)}`);
  const content = `${tasks.join("\n")}\n`;
  await page.setInputFiles("#send-file", {
    name: "tasks.txt",
    mimeType: "text/plain",
    buffer: Buffer.from(content),
  });
  const victim = await eventuallyIs("a worker of the page is busy", async () => {
    const busy = page.locator(".lane:has(.acts button):has(.bar.open)");
    return (await busy.count()) > 0 ? busy.first().locator(".name").innerText() : undefined;
  });
  await page.click(`[aria-label='kill -9: ${victim}']`);
  await eventually("all tasks are done", async () => {
    const sent = new Set(recorded.map(({ text }) => text));
    return sent.size === tasks.length && (await page.locator(".bar.open, .bar.held").count()) === 0;
  });

  // Which port is whose, says the management API; the killed worker's is the one that is left.
  type Consumer = { consumer_tag: string; channel_details: { name: string } };
  const vhost = encodeURIComponent(new URL(url).pathname.slice(1));
  const nameOf = new Map<string, string>();
  for (const { consumer_tag: tag, channel_details } of await management<Consumer[]>(`consumers/${vhost}`)) {
    const port = /:(\d+) ->/.exec(channel_details.name)?.[1] ?? "";
    nameOf.set(port, /^worker-\d$/.test(tag) ? tag : `port ${port}`);
  }
  const expected = recorded.map(({ port, text, redelivered }) => ({
    worker: nameOf.get(port) ?? victim,
    text,
    redelivered,
  }));
  assert.deepEqual((await lanesOf(page)).sort(byText), expected.sort(byText));
  assert.equal(expected.filter(({ redelivered }) => redelivered).length, 1, "one task was sent again");
  assert.ok(new Set(expected.map(({ worker }) => worker)).size === 4, "all four worked");
  assert.match(await page.locator("#answer").innerText(), /^13 deliveries: .*Each went to a free worker/);

  // A dispatch can be asked why, with the keyboard too.
  await page.locator(".lane .bar[tabindex='0']").first().focus();
  await page.keyboard.press("ArrowLeft");
  assert.match(await page.locator("#why .because").innerText(), /was free/);
  await page.screenshot();
  assert.deepEqual(await violations(page), []);
});

test("L2: nothing in 1,000 hostile bodies runs, or breaks the layout", { skip: noBrowser }, async (t) => {
  const { url } = await ownVhost(t);
  const queue = 'q<img src=x onerror="boom()">';
  const live = await startLive(t, ["-u", url, "-q", queue]);
  const page = await openPage(t, live.address);
  let booms = 0;
  await page.exposeFunction("boom", () => booms++);
  const bodies = hostileBodies(1_000);
  const worker = start(t, "worker", ["-u", url, "-q", queue, "--dot", "0"]);
  await publishSlowly(t, url, queue, bodies);
  await eventually("all are done, and were shown one by one", async () => {
    const ends = live.events.filter(({ event }) => event === "task-done").length;
    return ends === bodies.length;
  });
  worker.child.kill("SIGINT");
  assert.ok(!live.events.some(({ event }) => event === "counting"), "each was shown");
  await page.locator(".bar").last().waitFor();
  const wider = await tooWide(page);
  assert.ok(wider <= 0, `the page is ${wider} px wider than its window`);
  assert.equal(booms, 0, "no body was run");
  assert.equal(await page.locator("img, main script, iframe").count(), 0);
  assert.equal(await page.locator("#queue-name").innerText(), queue);
  assert.deepEqual(await violations(page), []);
});

test("L3: a second tab, and a tab that was left open while the server was suspended and the broker restarted, come back right by themselves", {
  skip: noBrowser,
}, async (t) => {
  const live = await startLive(t, ["--demo"]);
  const page = await openPage(t, live.address);
  await live.sees("the tasks are done", (event) => event.event === "task-done" && event.task.dots === 5);
  const second = await page.context().newPage();
  await second.goto(live.origin);
  await second.locator(".lane").nth(1).waitFor();
  assert.deepEqual(await lanesOf(second), await lanesOf(page));

  await page.click("#broker-kill");
  await second.locator("#warning", { hasText: "RabbitMQ was killed" }).waitFor();
  await second.locator("#broker-restart:enabled").click();
  await live.sees("the broker is back", (event) => event.event === "broker-back");
  for (const tab of [page, second]) await tab.locator("#warning").waitFor({ state: "hidden" });

  live.command.child.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 8_000)); // it has to be away for longer than it takes for a pause
  live.command.child.kill("SIGCONT");
  await live.sees("it notices that it was suspended", (event) => event.event === "gap");
  const sent = await live.act({ do: "send", text: "after all that." });
  assert.equal(sent.status, 200);
  for (const tab of [page, second]) await tab.locator(".bar", { hasText: "after all that." }).waitFor();
});

test("L4: rewinding shows the state as it was, one key brings back now; what was seen can be saved", {
  skip: noBrowser,
}, async (t) => {
  const { url } = await ownVhost(t);
  const live = await startLive(t, ["-u", url, "-q", "work"]);
  const page = await openPage(t, live.address);
  await page.click("#send-tutorial");
  await eventually("five wait", async () => (await page.locator("#ready").innerText()) === "5");
  const events = await page.locator("#rewind").getAttribute("max");
  await page.selectOption("#add-dot", "100");
  await page.click("#add button");
  await live.sees("all are done", (event) => event.event === "task-done" && event.task.dots === 5);
  await eventually("none waits", async () => (await page.locator("#ready").innerText()) === "0");
  await page.locator("#rewind").fill(events ?? "");
  assert.equal(await page.locator("#ready").innerText(), "5");
  assert.equal(await page.locator("#waiting .chip").count(), 5);
  await page.keyboard.press("n");
  await eventually("it is now again", async () => (await page.locator("#ready").innerText()) === "0");

  await page.click("#save-text");
  assert.match(
    await page.inputValue("#seen-text"),
    /5 tasks published[\s\S]*worker-1 \(prefetch 1\): free[\s\S]*'Fifth message/,
  );
  assert.deepEqual(await violations(page), []);
  await page.click("#seen-close");
  const saved = async (button: string) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
    return readFileSync(await download.path());
  };
  assert.match((await saved("#save-svg")).toString(), /^<svg [\s\S]*worker-1[\s\S]*Fifth message/);
  const lines = (await saved("#save-events")).toString().trim().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).event).filter((event) => event === "task-done").length,
    5,
  );
  assert.equal((await saved("#save-png")).subarray(1, 4).toString(), "PNG");
});

for (const [colorScheme, width] of [
  ["light", 1280],
  ["dark", 1280],
  ["light", 800],
  ["dark", 800],
] as const)
  test(`L5: axe-core finds nothing, and nothing is cut off: ${colorScheme}, ${width} px, with less motion`, {
    skip: noBrowser,
  }, async (t) => {
    const { url } = await ownVhost(t);
    const live = await startLive(t, ["-u", url, "-q", "work"]);
    const page = await openPage(t, live.address);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 800 });
    await page.click("#add button");
    await page.click("#send-tutorial");
    await page.locator(".bar.open").first().waitFor();
    await page.locator("#waiting .chip").first().waitFor();
    assert.deepEqual(await violations(page), []);
    assert.ok((await tooWide(page)) <= 0);
  });
