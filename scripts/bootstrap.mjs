// Prepares a clone: dependencies, build, and a RabbitMQ where the machine has neither RabbitMQ nor Docker.
// It prints each step before it takes it, and skips what is there already.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => process.stderr.write(`[setup] ${text}\n`);

/** Runs a command with its output on stderr; false where it failed. */
function run(command, args, env = {}) {
  const shell = process.platform === "win32"; // npm is a .cmd file there
  const { status } = spawnSync(command, args, {
    cwd: root,
    shell,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env },
  });
  return status === 0;
}

function fail(text) {
  say(text);
  process.exit(1);
}

/** When a file, or the newest file in a folder, was last modified, in ms; 0 where there is none. */
function newest(path) {
  const full = join(root, path);
  if (!existsSync(full)) return 0;
  const stat = statSync(full);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(...readdirSync(full).map((name) => newest(join(path, name))));
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  // The engines of package.json: these can require() an ES module, without a warning.
  if (major < 20 || major === 21 || (major === 20 && minor < 19) || (major === 22 && minor < 13))
    fail(`Node ${process.versions.node} is too old: 20.19, 22.13 or newer is needed.`);
}

function installDependencies() {
  if (newest("node_modules/.package-lock.json") >= newest("package-lock.json")) return;
  say("Installing the npm packages (npm ci) ...");
  if (!run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"]))
    fail("npm ci failed; its output is above.");
}

function build() {
  const sources = Math.max(
    ...["src", "tsconfig.json", "package-lock.json", "scripts/bundle.mjs"].map((path) => newest(path)),
  );
  if (newest("dist/.built") >= sources) return;
  say("Building ...");
  if (!run("npm", ["run", "--silent", "build"])) fail("The build failed; its output is above.");
  writeFileSync(join(root, "dist/.built"), "");
}

async function provideRabbitmq() {
  const { findInstalled } = await import("../dist/broker/installed-node.js");
  const { dockerRuns } = await import("../dist/broker/docker-node.js");
  if (findInstalled() !== undefined || dockerRuns()) return;
  const works = (command, ...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

  if (process.platform === "linux" && works("apt-get", "--version")) {
    const isRoot = process.getuid?.() === 0;
    if (!isRoot && !works("sudo", "-n", "true"))
      fail(
        "There is no RabbitMQ and no Docker here. Install one, then try again: sudo apt-get install --no-install-recommends rabbitmq-server",
      );
    const apt = (...args) =>
      isRoot
        ? run("apt-get", args, { DEBIAN_FRONTEND: "noninteractive" })
        : run("sudo", ["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args]);
    say("There is no RabbitMQ and no Docker here. Installing it: apt-get install rabbitmq-server ...");
    if (!apt("update", "-qq")) say("apt-get update failed; trying with the package lists as they are.");
    if (!apt("install", "-qq", "-y", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends", "rabbitmq-server"))
      fail("apt-get could not install rabbitmq-server; its output is above.");
  } else if (process.platform === "darwin" && works("brew", "--version")) {
    say("There is no RabbitMQ and no Docker here. Installing it: brew install rabbitmq ...");
    if (!run("brew", ["install", "rabbitmq"])) fail("brew could not install rabbitmq; its output is above.");
  } else
    fail(
      "There is no RabbitMQ and no Docker here. Install one of them, then try again: https://www.rabbitmq.com/docs/download",
    );

  if (findInstalled() === undefined)
    fail(
      "RabbitMQ is installed, but rabbitmq-server is in none of the known folders (src/broker/installed-node.ts).",
    );
  say(
    "RabbitMQ is installed. The project starts private nodes of it; it does not need or change a system service.",
  );
}

checkNode();
installDependencies();
build();
await provideRabbitmq();
