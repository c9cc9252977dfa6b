// Makes docs/images/live.png: the page of `task-queue live` after a worker was killed. Run by docs-images.mjs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (executablePath === undefined)
  throw new Error("The picture of the page needs Chromium (Debian: chromium).");

const page = spawn(process.execPath, [join(root, "dist/bin/task-queue.js"), "live", "--no-open", "--demo"]);
let said = "";
for await (const text of page.stdout.setEncoding("utf8")) {
  said += text;
  if (/token=\S+\n/.test(said)) break;
}
page.stdout.resume();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const tab = await browser.newPage({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 });
  await tab.goto(/http:\S+token=\S+/.exec(said)?.[0] ?? "");
  const open = (worker, text) =>
    tab.locator(".lane", { hasText: worker }).locator(".bar.open", { hasText: text });
  await open("worker-1", "Fifth message").waitFor();
  await tab.click("#add button");
  await tab.click("#send-tutorial");
  await tab.click("#send-tutorial");
  await open("worker-2", "message").waitFor();
  await tab.waitForTimeout(2_500); // so that the picture has something to show
  await tab.click("[aria-label='kill -9: worker-2']");
  const again = tab.locator(".bar", { has: tab.locator(".begin", { hasText: "↻" }) }).last();
  await again.waitFor();
  await again.focus();
  await tab.waitForTimeout(1_800);
  await tab.screenshot({ path: join(root, "docs/images/live.png") });
} finally {
  await browser.close();
  page.kill("SIGINT");
  await once(page, "exit");
}
