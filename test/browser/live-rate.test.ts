import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import { noBrowser, openBrowser } from "../support/browser.js";
import { eventually } from "../support/eventually.js";
import { ownVhost, startLive } from "../support/live.js";

const RATE = 5_000;
const SECONDS = 30;
const PART_MS = 20;

/** Publishes that many tasks a second, and works them as fast as they come; resolves when the last one is done. */
async function flood(t: TestContext, url: string, queue: string): Promise<number> {
  const [publisher, worker] = await Promise.all([connect(url), connect(url)]);
  t.after(() => Promise.allSettled([publisher.close(), worker.close()]));
  const [out, back] = await Promise.all([publisher.createChannel(), worker.createChannel()]);
  await out.assertQueue(queue, { durable: true });
  await back.prefetch(500);
  let done = 0;
  await back.consume(queue, (message) => {
    if (message === null) return;
    done++;
    if (done % 100 === 0) back.ack(message, true);
  });
  const body = Buffer.from("A task....");
  const all = RATE * SECONDS;
  const startedAt = performance.now();
  let sent = 0;
  while (sent < all) {
    const due = Math.min(Math.floor(((performance.now() - startedAt) / 1000) * RATE), all);
    for (; sent < due; sent++) out.sendToQueue(queue, body);
    await sleep(PART_MS);
  }
  // The firehose takes more than half of a busy machine's rate.
  await eventually("all tasks are done", () => done === all, 180_000);
  return all;
}

test("L14: 5,000 tasks a second: the page counts them all, and neither it nor the server grows", {
  skip: noBrowser,
}, async (t) => {
  const { url } = await ownVhost(t);
  const live = await startLive(t, ["-u", url, "-q", "work"]);
  const page = await openBrowser(t);
  await page.goto(live.address);
  await page.locator("#queue-name", { hasText: "work" }).waitFor();
  const all = await flood(t, url, "work");
  const endedAt = performance.now();
  const text = all.toLocaleString("en-US");
  await eventually(`the page has counted ${text}`, async () => {
    const totals = await page.locator("#totals").innerText();
    return totals.includes(`${text} tasks published, ${text} sent to workers`);
  });
  const late = performance.now() - endedAt;
  const most = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${live.command.child.pid}/status`, "utf8"))?.[1];
  const heap = await page.evaluate("performance.memory.usedJSHeapSize");
  t.diagnostic(
    `${text} tasks; the page was ${late.toFixed(0)} ms behind; server ${Math.round(Number(most) / 1024)} MB at most, page ${Math.round(Number(heap) / 2 ** 20)} MB of heap`,
  );
  assert.ok(Number(most) < 150 * 1024, `the server took ${most} kB`);
  assert.ok(Number(heap) < 200 * 2 ** 20, `the page takes ${heap} bytes`);
});
