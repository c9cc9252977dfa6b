import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { KeptData } from "#dist/broker/kept-data.js";
import { ownTemporary } from "../support/own-temporary.js";

const locks = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("in-use-by"));

/** A folder for data, made by an earlier broker. */
function keptFolder(t: TestContext): string {
  const folder = join(ownTemporary(t).outside, "kept");
  new KeptData(folder).release();
  return folder;
}

test("a folder with files of something else is refused and left as it is: neither RabbitMQ nor Docker gets at them", (t) => {
  const { outside } = ownTemporary(t);
  writeFileSync(join(outside, "letter.txt"), "Dear ...");
  mkdirSync(join(outside, "rabbitmq"));
  assert.throws(() => new KeptData(outside), {
    code: "BROKER_START",
    message:
      /^Cannot keep data in ".*": it has files of something else; name a new folder, or an empty one\.$/,
  });
  assert.deepEqual(readdirSync(outside).sort(), ["letter.txt", "rabbitmq"]);
});

test("an empty folder, a new one, and one of an earlier broker are taken, and left without a lock", (t) => {
  const { outside } = ownTemporary(t);
  for (const folder of [outside, join(outside, "a/b"), outside]) {
    const data = new KeptData(folder);
    assert.equal(locks(folder).length, 1);
    data.release();
    assert.deepEqual(locks(folder), []);
  }
});

test("within one process too, a folder is for one broker at a time", (t) => {
  const folder = keptFolder(t);
  const first = new KeptData(folder);
  const inUse = {
    message: new RegExp(`the broker of process ${process.pid} uses it \\(else remove .*in-use-by-`),
  };
  assert.throws(() => new KeptData(folder), inUse);
  assert.equal(locks(folder).length, 1, "still the first one's");
  first.release();
  new KeptData(folder).release();
});

const noProc = process.platform !== "linux" && "a process's start time is known from /proc only";

test("a killed owner's lock is removed, also where its pid is another process's by now, or our own as in a container", {
  skip: noProc,
}, (t) => {
  const folder = keptFolder(t);
  for (const pid of [999_999_999, process.ppid, process.pid]) {
    writeFileSync(join(folder, `in-use-by-${pid}-1`), "");
    const data = new KeptData(folder);
    assert.equal(locks(folder).length, 1);
    assert.ok(!locks(folder)[0]?.endsWith(`-${pid}-1`));
    data.release();
  }
  const start = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${process.ppid}/stat`, "utf8"))?.[1]?.split(" ")[19];
  writeFileSync(join(folder, `in-use-by-${process.ppid}-${start}`), "");
  assert.throws(() => new KeptData(folder), { message: new RegExp(`process ${process.ppid} uses it`) });
});

test("of four processes that take a folder at once, no two have it, be there a killed one's lock or not", async (t) => {
  const { outside } = ownTemporary(t);
  const children = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = fork(fileURLToPath(new URL("../support/take-data.js", import.meta.url)));
      t.after(() => child.kill());
      await once(child, "message");
      return child;
    }),
  );
  for (let round = 0; round < 100; round++) {
    const folder = join(outside, String(round));
    if (round % 2 === 1) {
      new KeptData(folder).release();
      writeFileSync(join(folder, "in-use-by-999999999-1"), "");
    }
    const at = Date.now() + 10; // they wait for the same moment, each in a loop of its own
    const answers = children.map((child) => once(child, "message").then(([taken]) => taken as boolean));
    for (const child of children) child.send({ folder, at });
    const owners = (await Promise.all(answers)).filter((taken) => taken).length;
    assert.ok(owners <= 1, `${owners} owners in round ${round}`);
  }
});
