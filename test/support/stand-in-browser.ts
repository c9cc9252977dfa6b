import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A browser that writes down what it is asked to open, in place of the desktop's. */
export function standInBrowser(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "browser-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const opened = join(folder, "opened");
  // `open` brings an xdg-open of its own, which starts what BROWSER names; with a display, an installed browser.
  const browser = join(folder, "browser");
  writeFileSync(browser, `#!/bin/sh\necho "$1" >> ${opened}\n`);
  chmodSync(browser, 0o755);
  return {
    env: { BROWSER: browser, DISPLAY: undefined, WAYLAND_DISPLAY: undefined },
    /** What was opened; waits for the browser, which nobody waits for. */
    page: async () => {
      while (!existsSync(opened) || readFileSync(opened, "utf8") === "")
        await new Promise((resolve) => setImmediate(resolve));
      return readFileSync(opened, "utf8").trim();
    },
    untouched: () => !existsSync(opened),
  };
}
