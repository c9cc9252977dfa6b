// A process of kept-data.test.ts: takes the folder it is sent at the time that it is sent, and answers whether it has it.
import { KeptData } from "#dist/broker/kept-data.js";

process.on("message", ({ folder, at }: { folder: string; at: number }) => {
  while (Date.now() < at);
  let taken = true;
  try {
    new KeptData(folder);
  } catch {
    taken = false;
  }
  process.send?.(taken);
});
process.send?.("ready");
