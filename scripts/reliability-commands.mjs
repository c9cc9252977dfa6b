// Faults that hit commands: worker --, amqp-consume and GNU parallel with the same 100 tasks. Needs Debian's amqp-tools and
// parallel. With --write its table goes into docs/reliability.md.
//   npm run build && node scripts/reliability-commands.mjs [--write]
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { PrivateBroker } from "../dist/broker/private-broker.js";
import { replaceMeasured } from "./measured.mjs";

const TASKS = Array.from({ length: 100 }, (_, at) => `task-${at}`);
/** How many are done when the fault happens. */
const AT = 30;
/** Nothing new for so long: it does not go on. In ms. */
const QUIET_MS = 10_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => [process.execPath, join(root, "dist/bin", `${name}.js`)];
for (const tool of ["amqp-consume", "parallel"])
  if (spawnSync(tool, ["--help"]).error) throw new Error(`${tool} is not installed.`);

const broker = await PrivateBroker.start();
const { port } = new URL(broker.url);

/** The command line of each process of a tool. */
const tools = {
  "`worker -c 2 --` twice": ({ queue, work }) =>
    Array(2).fill([
      ...bin("worker"),
      "-u",
      broker.url,
      "-q",
      queue,
      "-c",
      "2",
      "--retry",
      "200ms,1s",
      "--",
      work,
    ]),
  "amqp-consume -p 1, four": ({ queue, work }) =>
    Array(4).fill([
      "amqp-consume",
      `--url=amqp://guest:guest@localhost:${port}`,
      "-q",
      queue,
      "-p",
      "1",
      work,
    ]),
  "parallel -j 4 --retries 3": ({ work, list }) => [
    ["parallel", "-j", "4", "--retries", "3", "-a", list, work],
  ],
};

/** What is done to the processes. `fails`: the first attempt at every tenth task. */
const faults = {
  "a worker is killed (`kill -9`)": { act: ([first]) => first.kill("SIGKILL") },
  "one command in ten fails the first time": { fails: true, act: () => {} },
  "the broker is killed and started again": {
    needsBroker: true,
    act: async () => {
      await broker.kill();
      await broker.restart();
    },
  },
};

async function round(tool, { fails = false, act }) {
  const path = mkdtempSync(join(tmpdir(), "reliability-commands-"));
  const queue = path.split("-").at(-1);
  const [work, list, done] = ["work", "list", "done"].map((name) => join(path, name));
  const failing = fails ? `case $x in *0) [ -e ${path}/$x ] || { touch ${path}/$x; exit 1; };; esac; ` : "";
  writeFileSync(
    work,
    `#!/bin/sh\nx=$1; [ -n "$x" ] || read x; [ -n "$x" ] || exit 1; ${failing}sleep 0.1; echo $x >> ${done}\n`,
    {
      mode: 0o755,
    },
  );
  writeFileSync(list, `${TASKS.join("\n")}\n`);
  spawnSync(bin("new-task")[0], [bin("new-task")[1], "-u", broker.url, "-q", queue, "--file", list]);
  broker.saveDeclarations();
  const lines = () => (existsSync(done) ? readFileSync(done, "utf8").trim().split("\n") : []);
  const started = tools[tool]({ queue, work, list }).map(([program, ...words]) =>
    spawn(program, words, { stdio: "ignore" }),
  );
  const ended = started.map(
    (child) => new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code))),
  );
  const giveUpAt = Date.now() + 60_000;
  while (lines().length < AT && Date.now() < giveUpAt) await sleep(20);
  await act(started);
  for (
    let [before, at] = [0, Date.now()];
    new Set(lines()).size < TASKS.length && Date.now() - at < QUIET_MS;
    await sleep(50)
  )
    if (lines().length > before) [before, at] = [lines().length, Date.now()];
  await sleep(500);
  const running = started.filter(
    ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
  ).length;
  for (const child of started) child.kill("SIGTERM");
  await Promise.all(ended);
  const distinct = new Set(lines());
  const left = tool.startsWith("parallel") ? 0 : await ready(queue);
  const twice = lines().length - distinct.size;
  rmSync(path, { recursive: true });
  return {
    done: distinct.size,
    twice,
    left,
    lost: Math.max(TASKS.length - distinct.size - left, 0),
    processes: `${running} of ${started.length} still running`,
  };
}

async function ready(queue) {
  await sleep(1_000); // connections that were cut have to be noticed
  const connection = await connect(broker.url);
  const channel = await connection.createChannel();
  const { messageCount } = await channel.checkQueue(queue);
  await connection.close();
  return messageCount;
}

const rows = [];
for (const [what, fault] of Object.entries(faults))
  for (const tool of Object.keys(tools)) {
    if (fault.needsBroker && tool.startsWith("parallel")) continue;
    const { done, twice, left, lost, processes } = await round(tool, fault);
    rows.push(`| ${what} | ${tool} | ${done} | ${lost} | ${twice} | ${left} | ${processes} |`);
    process.stdout.write(`${rows.at(-1)}\n`);
  }
await broker.stop();
const table = [
  "| What happens | Tool | Done, of 100 | Lost | Done twice | Left in the queue | Its processes |",
  "| --- | --- | ---: | ---: | ---: | ---: | --- |",
  ...rows,
].join("\n");
if (process.argv.includes("--write")) replaceMeasured("docs/reliability.md", "commands", table);
