// Loads the pages that the commands open in headless Chromium: RabbitMQ's admin UI, and that of task-queue live. Installs Chromium with
// apt where it is missing and this is root on Debian or Ubuntu; skips, and says why, where there is none.
//   npm run test:browser
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const say = (text) => process.stderr.write(`[browser] ${text}\n`);
const works = (command, ...words) => spawnSync(command, words, { stdio: "ignore" }).status === 0;
/** Debian's package; Google's, which hosted CI runners have. */
const find = () => ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));

function apt(...words) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", words, { stdio: ["ignore", 2, 2], env }).status === 0;
}

/** Why there is no browser and none can be had, or undefined. */
function provideBrowser() {
  if (find() !== undefined) return undefined;
  if (!works("apt-get", "--version")) return "there is no Chromium, and no apt-get to install it with";
  if (process.getuid?.() !== 0)
    return "there is no Chromium; as root: apt-get install --no-install-recommends chromium";
  say("There is no Chromium here. Installing it: apt-get install chromium ...");
  if (!apt("update", "-qq")) say("apt-get update failed; trying with the package lists as they are.");
  if (!works("apt-cache", "show", "chromium")) return "apt has no package chromium here";
  if (!apt("install", "-qq", "-y", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends", "chromium")) {
    say("apt-get could not install chromium; its output is above.");
    process.exit(1);
  }
  return find() === undefined ? "the package chromium has no /usr/bin/chromium" : undefined;
}

const missing = provideBrowser();
if (missing !== undefined) say(`Skipped: ${missing}.`);
else {
  const runner = fileURLToPath(new URL("test.mjs", import.meta.url));
  const { status } = spawnSync(
    process.execPath,
    [runner, ...(process.argv.length > 2 ? process.argv.slice(2) : ["test/browser"])],
    {
      stdio: "inherit",
      env: { ...process.env, TEST_BROWSER: find() },
    },
  );
  process.exitCode = status ?? 1;
}
