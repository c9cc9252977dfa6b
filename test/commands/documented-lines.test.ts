import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../support/command.js";
import { documentedLines, isSlow, rootFolder, typeLine, whyNotRun } from "../support/documented-lines.js";
import { eventually } from "../support/eventually.js";
import { noPseudoTerminal } from "../support/pseudo-terminal.js";
import { openChannel, uniqueQueue } from "../support/queue.js";

const lines = [...new Set(documentedLines)];

/** It runs until Ctrl-C. */
const isEndless = (line: string): boolean =>
  /^worker/.test(line) ? !/--max-tasks|--exit-when-empty/.test(line) : /--watch|^task-queue live/.test(line);

test("every command line of README and docs does what it says, from the root, as it stands", {
  skip: noPseudoTerminal,
  concurrency: 4,
}, async (t) => {
  assert.ok(lines.length > 60, `${lines.length} lines are found`);
  const here = rootFolder(t);
  await writeLogs(t, here.folder);
  const runs = lines.map((line) => {
    const reason = whyNotRun(line) ?? (isSlow(line) ? "test/slow/documented-lines.test.ts runs it" : false);
    return t.test(line, { skip: reason }, async (t) => {
      const queue = uniqueQueue(t);
      const channel = await openChannel(t);
      // A classic queue of RabbitMQ 4.3 has no consumer timeout.
      const type = line.includes("--consumer-timeout") ? "quorum" : "classic";
      await channel.assertQueue(queue, { durable: true, arguments: { "x-queue-type": type } });
      // What `delete --if-empty` wants empty; all others find some tasks there.
      if (!line.includes("--if-empty"))
        await run(t, "new-task", ["-q", queue, "-f", "-"], { stdin: "one\ntwo\n" });
      const command = typeLine(t, line, here, { TASK_QUEUE: queue });
      if (isEndless(line)) {
        if (line.startsWith("worker"))
          await eventually(
            "the worker listens",
            async () => (await channel.checkQueue(queue)).consumerCount > 0,
          );
        else await command.says(line.includes("live") ? "Ctrl-C ends the page" : "until Ctrl-C");
        command.child.stdin?.write("\x03");
      }
      const { code, stdout } = await command.ended;
      assert.equal(code, 0, stdout);
    });
  });
  await Promise.all(runs);
});

/** The logs that `task-queue timeline` is told to draw. */
async function writeLogs(t: Parameters<typeof uniqueQueue>[0], folder: string): Promise<void> {
  const queue = uniqueQueue(t);
  const json = ["-q", queue, "--json"];
  const sent = await run(t, "new-task", [...json, "-f", "-"], { stdin: "one.\ntwo.\n" });
  for (const name of ["worker-1", "worker-2"]) {
    const worked = await run(t, "worker", [...json, "--dot", "10ms", "--name", name, "--max-tasks", "1"]);
    writeFileSync(join(folder, `${name}.log`), worked.stdout);
  }
  writeFileSync(join(folder, "new-task.log"), sent.stdout);
}
