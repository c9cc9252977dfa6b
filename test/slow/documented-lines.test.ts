import assert from "node:assert/strict";
import { test } from "node:test";
import { documentedLines, isSlow, rootFolder, typeLine, whyNotRun } from "../support/documented-lines.js";
import { noPseudoTerminal } from "../support/pseudo-terminal.js";

const lines = [...new Set(documentedLines)].filter((line) => isSlow(line) && whyNotRun(line) === undefined);

test("the command lines of README and docs that take long do what they say", {
  skip: noPseudoTerminal,
  concurrency: 2,
}, async (t) => {
  assert.ok(lines.length > 2, `${lines.length} lines are found`);
  const here = rootFolder(t);
  const runs = lines.map((line) =>
    t.test(line, async (t) => {
      const command = typeLine(t, line, here);
      if (line.startsWith("task-queue broker")) {
        await command.says("Ctrl-C stops it");
        command.child.stdin?.write("\x03");
      } else if (line.includes("--live")) {
        await command.says("The page stays");
        command.child.stdin?.write("\x03");
      }
      const { code, stdout } = await command.ended;
      assert.equal(code, 0, stdout);
    }),
  );
  await Promise.all(runs);
});
