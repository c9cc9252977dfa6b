import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Page } from "playwright-core";

const executablePath = process.env["TEST_BROWSER"];

/** Why no browser is started here, or false: for a test's `skip`. */
export const noBrowser: string | false =
  executablePath === undefined ? "npm run test:browser provides a browser and runs this" : false;

/** No update, no account, nothing of an earlier run; and as root, which has no sandbox. */
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** An empty page in a headless Chromium with a profile of its own; both are gone with the test. */
export async function openBrowser(t: TestContext): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), "browser-profile-"));
  const env = { ...process.env, HOME: profile } as Record<string, string>;
  const options = { executablePath: executablePath ?? "", headless: true, args, env };
  const context = await chromium.launchPersistentContext(profile, options);
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000); // the page gets its numbers from samples
  return page;
}
