import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Running, run } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { deletedAfterwards, openChannel, readAll, uniqueQueue } from "../support/queue.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const example = (name: string): string => join(root, "examples", name);

const noConvert = spawnSync("convert", ["-version"], { encoding: "utf8" }).stdout?.includes("ImageMagick")
  ? false
  : "ImageMagick's convert is not installed (Debian: apt-get install --no-install-recommends imagemagick)";

const noPython =
  spawnSync("python3", ["--version"]).status === 0 ? false : "Python 3 is not installed (Debian: python3)";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "examples-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

async function queueOf(t: TestContext, ...tasks: string[]): Promise<string> {
  const queue = uniqueQueue(t);
  for (const name of ["dead", "retry.5s"]) deletedAfterwards(t, `${queue}.${name}`);
  await publishAll(tasks, { queue });
  return queue;
}

const dead = async (t: TestContext, queue: string): Promise<string[]> =>
  readAll(await openChannel(t), `${queue}.dead`);

test("examples/resize.sh makes each picture once, and a path that is none a dead letter", {
  skip: noConvert,
}, async (t) => {
  const path = folder(t);
  mkdirSync(join(path, "small"));
  const pictures = ["a picture.ppm", "b.ppm"].map((name) => join(path, name));
  for (const picture of pictures) writeFileSync(picture, `P6\n4 2\n255\n${"abc".repeat(8)}`);
  const queue = await queueOf(t, ...pictures, join(path, "none.ppm"));
  const words = ["-q", queue, "--exit-when-empty", "--", example("resize.sh"), join(path, "small"), "ppm"];
  const { code, stderr } = await run(t, "worker", words);
  assert.equal(code, 1, stderr);
  assert.deepEqual(readdirSync(join(path, "small")).sort(), ["a picture.ppm", "b.ppm"]);
  assert.match(readFileSync(join(path, "small", "b.ppm"), "latin1"), /^P6\n2 1\n255\n/);
  assert.deepEqual(await dead(t, queue), [join(path, "none.ppm")]);
});

test("examples/alert.py raises an alert for a low reading, and makes nonsense a dead letter", {
  skip: noPython,
}, async (t) => {
  const queue = await queueOf(t, "12:00,smoker,225.5", "12:01,smoker,80", "nonsense");
  const words = ["-q", queue, "--exit-when-empty", "--", "python3", example("alert.py")];
  const { code, stdout } = await run(t, "worker", words);
  assert.equal(code, 1);
  assert.deepEqual(stdout.match(/^ {3}\| .*$/gm), ["   | ALERT: smoker was at 80.0 at 12:01"]);
  assert.deepEqual(await dead(t, queue), ["nonsense"]);
});

test("examples/fetch.ts writes each page to a file, tries again where the server cannot, and gives up on a 404", async (t) => {
  let busy = true;
  const server = createServer((request, response) => {
    if (request.url === "/busy" && busy) {
      busy = false;
      response.writeHead(503).end();
    } else response.writeHead(request.url === "/none" ? 404 : 200).end(`page ${request.url}`);
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const queue = await queueOf(t, `${at}/one`, `${at}/one`, `${at}/busy`, `${at}/none`, "nonsense");
  const path = folder(t);
  const flags =
    "--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --skipLibCheck";
  const target = "--module nodenext --target es2023 --lib es2023 --types node";
  const tsc = ["node_modules/typescript/bin/tsc", ...`${flags} ${target}`.split(" "), example("fetch.ts")];
  const checked = spawnSync(process.execPath, tsc, { cwd: root, encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stdout);
  const outfile = join(root, "build", "examples", "fetch.js");
  await build({ entryPoints: [example("fetch.ts")], outfile, format: "esm", logLevel: "warning" });
  const worker = new Running(t, process.execPath, [outfile, path], { env: { TASK_QUEUE: queue } });
  const { code, stdout, stderr } = await worker.ended;
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "3 done, 2 dead letters\n");
  assert.match(stderr, /\/busy attempt 1: status 503/);
  const pages = readdirSync(path).map((name) => readFileSync(join(path, name), "utf8"));
  assert.deepEqual(pages.sort(), ["page /busy", "page /one"]);
  assert.deepEqual((await dead(t, queue)).sort(), [`${at}/none`, "nonsense"].sort());
});
