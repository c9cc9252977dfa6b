import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const works = (command, ...words) => spawnSync(command, words, { stdio: "ignore" }).status === 0;

/** Installs the clients of bench/package.json where they are missing. */
export function installPeers() {
  const changed = (path) => (existsSync(join(here, path)) ? statSync(join(here, path)).mtimeMs : 0);
  if (changed("node_modules/.package-lock.json") >= changed("package-lock.json")) return;
  process.stderr.write("[bench] Installing the clients to compare with (npm ci) ...\n");
  const words = ["ci", "--no-audit", "--no-fund"];
  const npm = spawnSync("npm", words, {
    cwd: here,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) throw new Error("npm ci failed in bench/; its output is above.");
}

/** The version of an installed client. */
export function versionOf(peer) {
  return JSON.parse(readFileSync(join(here, "node_modules", peer, "package.json"), "utf8")).version;
}

/** The path of the limit program, compiled into a folder; undefined without a C compiler. */
export function compileLimit(directory) {
  const program = join(directory, "limit");
  const source = join(here, "limit/limit.c");
  return ["cc", "gcc", "clang"].some((compiler) => works(compiler, "-O2", "-o", program, source))
    ? program
    : undefined;
}

/** A Python that has pika: Debian's own has Debian's python3-pika, and another one may come first on the PATH. */
export function findPika() {
  const python = ["/usr/bin/python3", "python3"].find((path) => works(path, "-c", "import pika"));
  if (python === undefined) return undefined;
  const asked = spawnSync(python, ["-c", "import pika; print(pika.__version__)"], { encoding: "utf8" });
  return { python, version: asked.stdout.trim() };
}

export const hasAmqpTools = () => works("amqp-consume", "--help") && works("amqp-publish", "--help");
