import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { nextMessageId } from "#dist/engine/publish/message.js";

const TASKS = 10_000;
const module = fileURLToPath(import.meta.resolve("#dist/engine/publish/message.js"));
const program = `
  import { nextMessageId } from ${JSON.stringify(module)};
  console.log(Array.from({ length: ${TASKS} }, nextMessageId).join("\\n"));`;

/** The ids of so many tasks of a process of their own. */
async function idsOfProcess(): Promise<string[]> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return (await text(child.stdout)).trim().split("\n");
}

test("message ids are unique within a process and across processes, and at most 16 characters long", async () => {
  const own = Array.from({ length: TASKS }, nextMessageId);
  const ids = [...own, ...(await Promise.all([idsOfProcess(), idsOfProcess()])).flat()];
  assert.equal(ids.length, 3 * TASKS);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[\w-]{1,16}$/);
});
