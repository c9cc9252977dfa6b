import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { type Running, start } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { eventually } from "../support/eventually.js";

const IMAGES = 500;

const found = spawnSync("convert", ["-version"], { encoding: "utf8" });
const noImageMagick =
  found.status === 0 && found.stdout.includes("ImageMagick")
    ? false
    : "ImageMagick's convert is not installed (Debian: apt-get install --no-install-recommends imagemagick)";

/** Every picture has another size and another colour. */
const sizeOf = (at: number) => ({ width: 40 + 2 * (at % 25), height: 40 + 2 * Math.floor(at / 25) });
const colorOf = (at: number) => [(at * 37) % 256, (at * 91) % 256, (at * 151) % 256] as const;

/** A picture of one colour as a portable pixmap (netpbm, ppm(5)). */
function picture(at: number): Buffer {
  const { width, height } = sizeOf(at);
  const pixels = Buffer.alloc(width * height * 3, Buffer.from(colorOf(at)));
  return Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), pixels]);
}

test(`${IMAGES} images resized by 4 workers in 2 processes, one killed twice and the broker once: ${IMAGES} results, each right`, {
  skip: noImageMagick,
}, async (t) => {
  const path = mkdtempSync(join(tmpdir(), "images-"));
  t.after(() => rmSync(path, { recursive: true }));
  for (const name of ["in", "out"]) mkdirSync(join(path, name));
  const names = Array.from({ length: IMAGES }, (_, at) => `${at}.ppm`);
  for (const [at, name] of names.entries()) writeFileSync(join(path, "in", name), picture(at));
  const broker = await PrivateBroker.start();
  t.after(() => broker.stop());
  const queue = "images";
  await publishAll(names, { queue, urls: [new BrokerUrl(broker.url)] });
  broker.saveDeclarations();
  // Under another name first: a result is there whole, or not at all, also where two workers make it.
  const script = `cd ${path} && convert "in/$1" -depth 8 -resize 50% "ppm:out/$1.$$" && mv "out/$1.$$" "out/$1"`;
  const hire = (...more: string[]): Running =>
    start(
      t,
      "worker",
      ["-u", broker.url, "-q", queue, "-c", "2", "--json", ...more, "--", "sh", "-c", script, "sh", "{}"],
      {
        limitMs: 280_000,
      },
    );
  const results = () => readdirSync(join(path, "out")).filter((name) => name.endsWith(".ppm"));
  const isMade = (part: number) => eventually(`${part} images are made`, () => results().length >= part);

  let victim = hire();
  const other = hire();
  for (const part of [60, 120]) {
    await isMade(part);
    victim.child.kill("SIGKILL");
    await victim.ended;
    victim = hire();
  }
  await isMade(200);
  await broker.kill();
  await broker.restart();
  await isMade(260);
  for (const worker of [victim, other]) worker.child.kill("SIGTERM");
  for (const { code, stderr } of await Promise.all([victim.ended, other.ended]))
    assert.equal(code, 0, stderr);
  assert.equal((await hire("--exit-when-empty").ended).code, 0, "none is a dead letter");

  assert.equal(results().length, IMAGES);
  for (const [at, name] of names.entries()) {
    const { width, height } = sizeOf(at);
    const result = readFileSync(join(path, "out", name));
    const header = `P6\n${width / 2} ${height / 2}\n255\n`;
    assert.equal(result.subarray(0, header.length).toString(), header, name);
    const pixels = result.subarray(header.length);
    assert.deepEqual(pixels, Buffer.alloc((width / 2) * (height / 2) * 3, Buffer.from(colorOf(at))), name);
  }
  const left = readdirSync(join(path, "out")).length - IMAGES;
  t.diagnostic(`${left} unfinished files of killed attempts`);
});
