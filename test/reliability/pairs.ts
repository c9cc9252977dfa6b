import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readEvent } from "#dist/timeline/event-log.js";
import { script } from "../support/command.js";
import { noPika, pythonWithPika } from "../support/python.js";
import type { Said } from "./ledger.js";

/** Work per dot, the same for all. */
const DOT_MS = 2;

const root = new URL("../../../", import.meta.url);
const peer = (name: string): string => fileURLToPath(new URL(`test/peers/${name}`, root));

/** A sender and a worker which belong together. */
export interface Pair {
  key: "ours" | "javascript" | "python";
  title: string;
  /** What it is made with. */
  madeWith(): string;
  /** Why it cannot be measured here; false: it can. */
  missing: string | false;
  /** Program and words of the sender, which takes a task per line of standard input. */
  sender(url: string, queue: string): [string, ...string[]];
  worker(url: string, queue: string, name: string): [string, ...string[]];
  /** What a line of their stdout says. */
  read(line: string): Said | undefined;
}

const events: Record<string, Said["what"]> = {
  "task-confirmed": "sent",
  "task-unroutable": "refused",
  "task-unconfirmed": "refused",
  "task-received": "begun",
  "task-done": "done",
};
const words: Record<string, Said["what"]> = { Sent: "sent", Received: "begun", Done: "done" };

function readEventLine(line: string): Said | undefined {
  const event = readEvent(line);
  const what = events[event?.event ?? ""];
  if (event === undefined || what === undefined || !("task" in event)) return undefined;
  return { what, task: event.task.text ?? "" };
}

function readTutorialLine(line: string): Said | undefined {
  const [, word = "", task = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
  const what = words[word];
  return what === undefined ? undefined : { what, task };
}

const node = process.execPath;
const python = pythonWithPika ?? "python3";

function versionOfAmqplib(): string {
  const json: unknown = JSON.parse(readFileSync(new URL("node_modules/amqplib/package.json", root), "utf8"));
  return String((json as { version?: unknown }).version);
}

function versionsOfPython(): string {
  const asked =
    "import platform, pika; print('Python', platform.python_version() + ', pika', pika.__version__)";
  return spawnSync(python, ["-c", asked], { encoding: "utf8" }).stdout.trim();
}

export const pairs: Pair[] = [
  {
    key: "ours",
    title: "ours",
    madeWith: () => `Node ${process.versions.node}, amqplib ${versionOfAmqplib()}`,
    missing: false,
    sender: (url, queue) => [node, script("new-task"), ...ours(url, queue), "--file", "-"],
    worker: (url, queue, name) => [
      node,
      script("worker"),
      ...ours(url, queue),
      ...["--name", name, "--dot", `${DOT_MS}ms`],
    ],
    read: readEventLine,
  },
  {
    key: "javascript",
    title: "JavaScript tutorial",
    madeWith: () => `Node ${process.versions.node}, amqplib ${versionOfAmqplib()}`,
    missing: false,
    sender: (url, queue) => [node, peer("tutorial.mjs"), "send", url, queue, "quorum"],
    worker: (url, queue) => [node, peer("tutorial.mjs"), "work", url, queue, "quorum", String(DOT_MS)],
    read: readTutorialLine,
  },
  {
    key: "python",
    title: "Python tutorial",
    madeWith: versionsOfPython,
    missing: noPika,
    sender: (url, queue) => [python, peer("tutorial.py"), "send", url, queue, "quorum"],
    worker: (url, queue) => [python, peer("tutorial.py"), "work", url, queue, "quorum", String(DOT_MS)],
    read: readTutorialLine,
  },
];

function ours(url: string, queue: string): string[] {
  return ["--url", url, "--queue", queue, "--queue-type", "quorum", "--json"];
}
