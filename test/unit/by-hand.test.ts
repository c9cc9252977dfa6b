import assert from "node:assert/strict";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { byHandLines } from "#dist/commands/by-hand.js";
import type { Lesson } from "#dist/lessons/lesson.js";
import { lessons } from "#dist/lessons/lessons.js";
import { script } from "../support/command.js";
import { ownTemporary } from "../support/own-temporary.js";

const options = { workers: 2, file: undefined, dotMs: 1_000 };
const nowhere = { url: undefined, path: "" };
const named = (wanted: string): Lesson => {
  const found = lessons.find(({ name }) => name === wanted);
  assert.ok(found);
  return found;
};

test("by hand, every lesson starts with what starts a broker, and every command is there without an installation", () => {
  for (const lesson of lessons) {
    const lines = byHandLines(lesson, options, nowhere);
    const start = lesson.killsBroker
      ? /^terminal 1 {3}\$ docker compose up -d --wait$/
      : /^terminal 1 {3}\$ node \S+task-queue\.js broker$/;
    assert.match(lines[0] ?? "", start);
    lines.forEach((line, at) => {
      assert.match(line, /^(terminal \d {3}| {13})(\$ \S| {2}# \S)/, lesson.name);
      const number = /^terminal (\d)/.exec(line)?.[1];
      assert.ok(number === undefined || Number(number) <= at + 1);
      for (const [, path = ""] of line.matchAll(/\bnode (\S+)/g)) assert.ok(existsSync(path), path);
      assert.doesNotMatch(line, /[$|] *(worker|new-task|task-queue)\b/);
    });
  }
});

test("by hand, commands that a shell finds go by their names", (t) => {
  const { outside } = ownTemporary(t);
  const link = (folder: string) => {
    mkdirSync(join(outside, folder), { recursive: true });
    for (const name of ["worker", "new-task", "task-queue"] as const)
      symlinkSync(script(name), join(outside, folder, name));
    return join(outside, folder);
  };
  const lines = (path: string) => byHandLines(named("share-the-work"), options, { url: undefined, path });
  assert.deepEqual(lines(["/no/such/folder", link("bin")].join(delimiter)).slice(0, 4), [
    "terminal 1   $ task-queue broker",
    "terminal 2   $ worker",
    "terminal 3   $ worker",
    "terminal 4   $ new-task --no-open First message.",
  ]);
  // npx adds such a folder for itself alone.
  assert.match(lines(link("node_modules/.bin"))[1] ?? "", /node .*worker\.js$/);
});

test("by hand fits what was asked for: workers, work per dot, a file of any name, a broker of one's own", () => {
  const lesson = named("share-the-work");
  const own = { workers: 6, file: "my own 'tasks'\x1b.csv", dotMs: 200 };
  const lines = byHandLines(lesson, own, { url: "amqp://user:secret@host", path: "" });
  assert.match(lines[0] ?? "", /^in each {6}\$ export AMQP_URL=/);
  assert.doesNotMatch(lines.join("\n"), /secret|broker$/);
  assert.equal(lines.filter((line) => / --dot 200ms$/.test(line)).length, 4);
  assert.equal(lines[5], "               # the same in 2 more terminals");
  assert.match(lines[6] ?? "", /^terminal 5 {3}\$ .*new-task\.js --file \$'my own \\'tasks\\'\\x1b\.csv'$/);
});
