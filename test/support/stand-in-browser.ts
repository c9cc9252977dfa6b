import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { eventually } from "./eventually.js";

/**
 * A browser that writes down what it is asked to open, in place of the desktop's.
 * @param stays until the test ends; else it has ended when the page is written down
 */
export function standInBrowser(t: TestContext, stays = false) {
  const folder = mkdtempSync(join(tmpdir(), "browser-"));
  const pid = join(folder, "pid");
  t.after(() => {
    if (existsSync(pid)) process.kill(Number(readFileSync(pid, "utf8")));
    rmSync(folder, { recursive: true });
  });
  const opened = join(folder, "opened");
  const script = stays
    ? `echo $$ > ${pid}; echo "$1" >> ${opened}; exec tail -f /dev/null`
    : `echo "$1" >> ${opened}`;
  // `open` brings an xdg-open of its own, which starts what BROWSER names; with a display, an installed browser.
  const browser = join(folder, "browser");
  writeFileSync(browser, `#!/bin/sh\n${script}\n`);
  chmodSync(browser, 0o755);
  return {
    env: { BROWSER: browser, DISPLAY: undefined, WAYLAND_DISPLAY: undefined },
    /** What was opened; waits for the browser, for which the command does not wait. */
    page: async () => {
      const written = () => existsSync(opened) && readFileSync(opened, "utf8") !== "";
      await eventually("the browser has written down what it opened", written);
      return readFileSync(opened, "utf8").trim();
    },
    untouched: () => !existsSync(opened),
  };
}
