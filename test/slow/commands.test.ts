import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { start } from "../support/command.js";
import { publishAll } from "../support/engine.js";
import { leftRunning } from "../support/left-running.js";
import { uniqueQueue } from "../support/queue.js";

const onLinux = process.platform === "linux" ? false : "processes are read from Linux's /proc";

const MANY = process.env["CHAOS"] === "long" ? 10_000 : 2_000;

/** Of a running process, in MB and in numbers; as of the last look before it ended. */
function watch(t: TestContext, pid: number | undefined) {
  const seen = { peakMb: 0, descriptors: 0, firstDescriptors: 0 };
  const look = () => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      // A process that has just ended has no memory and no descriptors.
      const peakMb = Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
      seen.peakMb = Math.max(seen.peakMb, peakMb);
      seen.descriptors = readdirSync(`/proc/${pid}/fd`).length || seen.descriptors;
      seen.firstDescriptors ||= seen.descriptors;
    } catch {
      // It has ended.
    }
  };
  const looking = setInterval(look, 50);
  t.after(() => clearInterval(looking));
  return seen;
}

test("a command that prints 1 GB costs no memory, and not one line is lost", { skip: onLinux }, async (t) => {
  const queue = uniqueQueue(t);
  await publishAll(["one"], { queue });
  const lines = 1_000_000; // of 1,000 characters
  const script = `yes ${"x".repeat(999)} | head -n ${lines}`;
  const words = ["-q", queue, "--exit-when-empty", "--", "sh", "-c", script];
  // Not through the test's own memory.
  const worker = start(t, "worker", words, { limitMs: 280_000 });
  let bytes = 0;
  worker.child.stdout?.removeAllListeners("data");
  worker.child.stdout?.on("data", (text: string) => {
    bytes += text.length;
  });
  const seen = watch(t, worker.child.pid);
  assert.equal((await worker.ended).code, 0);
  assert.ok(bytes >= lines * 1_005, `${bytes} characters came`);
  t.diagnostic(`${seen.peakMb.toFixed(0)} MB at most`);
  assert.ok(seen.peakMb > 0 && seen.peakMb < 300, `${seen.peakMb} MB`);
});

test(`${MANY} commands in a row, and 100 at a time: no process, descriptor or memory is left behind`, {
  skip: onLinux,
}, async (t) => {
  for (const [tasks, atATime] of [
    [MANY, 4],
    [MANY / 5, 100],
  ] as const) {
    const queue = uniqueQueue(t);
    await publishAll(
      Array.from({ length: tasks }, (_, at) => `task ${at}`),
      { queue },
    );
    const words = ["-q", queue, "-c", String(atATime), "--exit-when-empty", "--", "true"];
    const worker = start(t, "worker", words, { limitMs: 280_000 });
    const seen = watch(t, worker.child.pid);
    const startedAt = performance.now();
    const { code, stdout } = await worker.ended;
    const seconds = (performance.now() - startedAt) / 1_000;
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Stopped: ${tasks.toLocaleString("en-US")} tasks done`));
    t.diagnostic(
      `${tasks} commands, ${atATime} at a time: ${seconds.toFixed(1)} s, ${seen.peakMb.toFixed(0)} MB at most, ${seen.descriptors} descriptors`,
    );
    assert.ok(
      seen.descriptors <= seen.firstDescriptors + 4 * atATime + 10,
      `${seen.descriptors} descriptors`,
    );
    assert.ok(seen.peakMb > 0 && seen.peakMb < 300, `${seen.peakMb} MB`);
    const left = leftRunning(process.env["TMPDIR"] ?? "").filter((line) => line.startsWith("true"));
    assert.deepEqual(left, []);
  }
});
