import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";

const bench = import.meta.dirname;

/** Installs the clients of bench/package.json where they are missing. */
export function installPeers() {
  const changed = (path) => (existsSync(join(bench, path)) ? statSync(join(bench, path)).mtimeMs : 0);
  if (changed("node_modules/.package-lock.json") >= changed("package-lock.json")) return;
  process.stderr.write("[bench] Installing the clients to compare with (npm ci) ...\n");
  const shell = process.platform === "win32";
  const words = ["ci", "--no-audit", "--no-fund"];
  const { status } = spawnSync("npm", words, { cwd: bench, stdio: ["ignore", 2, 2], shell });
  if (status !== 0) throw new Error("npm ci failed in bench/; its output is above.");
}

/** The path of the limit program, compiled into a folder; undefined without a C compiler. */
export function compileLimit(directory) {
  const program = join(directory, "limit");
  const words = ["-O2", "-o", program, join(bench, "limit/limit.c")];
  const compiles = (compiler) => spawnSync(compiler, words, { stdio: "ignore" }).status === 0;
  return ["cc", "gcc", "clang"].some(compiles) ? program : undefined;
}

/** Where and with what was measured, in a sentence. */
export function describeMachine(broker) {
  const cores = cpus();
  const peers = Object.keys(JSON.parse(readFileSync(join(bench, "package.json"), "utf8")).dependencies);
  const versionOf = (peer) =>
    JSON.parse(readFileSync(join(bench, "node_modules", peer, "package.json"), "utf8")).version;
  const machine = [
    `${cores.length} × ${cores[0]?.model.trim() || arch()}`,
    `${Math.round(totalmem() / 1e9)} GB`,
    `${platform()} ${release()}`,
  ];
  const versions = [
    `Node ${process.versions.node}`,
    `RabbitMQ ${broker.version} from ${broker.description}`,
    `Erlang ${broker.erlang}`,
    ...peers.map((peer) => `${peer} ${versionOf(peer)}`),
  ];
  return `${new Date().toISOString().slice(0, 10)}, ${machine.join(", ")}; ${versions.join(", ")}`;
}
