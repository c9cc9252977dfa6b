// A worker in TypeScript: the task is an address, its page becomes a file. Run it with: node fetch.js pages
import { createHash } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeadLetter, startWorker } from "rabbitmq-work-queue";

const [folder = "."] = process.argv.slice(2);

const worker = startWorker(
  async ({ id, text = "" }, { attempt, signal }) => {
    if (!URL.canParse(text)) throw new DeadLetter("the task is no address");
    const response = await fetch(text, { signal });
    if (response.status === 404) throw new DeadLetter("there is no such page");
    if (!response.ok) throw new Error(`attempt ${attempt}: status ${response.status}`); // tried again later
    // The name follows from the task, so that a task that is done twice makes one file.
    const name = join(folder, createHash("sha256").update(text).digest("hex").slice(0, 16));
    await writeFile(`${name}.${id}`, Buffer.from(await response.arrayBuffer()));
    await rename(`${name}.${id}`, `${name}.html`);
  },
  {
    url: process.env["AMQP_URL"] ?? "amqp://localhost:5672",
    queue: process.env["TASK_QUEUE"] ?? "task_queue",
    concurrency: 4,
    retry: [5_000, 60_000],
    exitWhenEmpty: true,
    onEvent: ({ at, name, ...event }) => {
      if (event.event === "task-failed" || event.event === "task-dead")
        console.error(at.toISOString(), event.task.text, event.reason);
    },
  },
);
process.once("SIGTERM", () => worker.stop());
const { done, dead } = await worker.finished;
console.log(`${done} done, ${dead} dead letters`);
