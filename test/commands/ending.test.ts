import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "../support/command.js";
import { uniqueQueue } from "../support/queue.js";

/** Code that is loaded into the command and keeps its process alive forever. */
const holdOpen = "--import=data:text/javascript,setInterval(()=>{},1e9)";

test("what keeps a process alive after its work is named", async (t) => {
  const words = ["-q", uniqueQueue(t), "one"];
  const command = start(t, "new-task", words, { stdin: "", env: { NODE_OPTIONS: holdOpen } });
  await command.says(/The work is over, but this process is kept alive by: .*Timeout/);
  assert.match(command.stdout, /Sent 'one'/);
});

test("a command that ends by itself says nothing of the kind", async (t) => {
  const command = start(t, "new-task", ["-q", uniqueQueue(t), "one"], { stdin: "" });
  const { code, stderr } = await command.ended;
  assert.deepEqual([code, stderr], [0, ""]);
});

/** Code that lets the process end only when it has been busy for as long as it is given, and has one more turn to do. */
const busyAtTheEnd =
  "--import=data:text/javascript,process.once('beforeExit',()=>{for(let%20at=Date.now();Date.now()-at<5100;);setImmediate(()=>{})})";

test("a command that ends when its time is over, by itself, says nothing of the kind either", async (t) => {
  const words = ["-q", uniqueQueue(t), "one"];
  const command = start(t, "new-task", words, { stdin: "", env: { NODE_OPTIONS: busyAtTheEnd } });
  const { code, stderr } = await command.ended;
  assert.deepEqual([code, stderr], [0, ""]);
});
