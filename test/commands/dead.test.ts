import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { assertClean } from "../support/clean.js";
import { run, start } from "../support/command.js";
import { publishAll, workAll } from "../support/engine.js";
import { eventually } from "../support/eventually.js";
import { deletedAfterwards, hasReady, openChannel, readAll, uniqueQueue } from "../support/queue.js";

/** A queue of which these tasks have become dead letters, in this order. */
async function withLetters(t: TestContext, ...tasks: string[]): Promise<string> {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  await publishAll(tasks, { queue });
  await workAll({
    ...{ queue, retry: [] },
    handler: ({ text }) => {
      throw Object.assign(new Error(`exit code 7:\nTraceback:\n  no: ${text}`), { exitCode: 7 });
    },
  });
  return queue;
}

interface LetterJson {
  id: string;
  at: string;
  attempts: number | null;
  reason: string;
  exitCode: number | null;
  worker: string;
  task: { text: string };
  headers?: Record<string, unknown>;
}

async function list(t: TestContext, queue: string, ...words: string[]): Promise<LetterJson[]> {
  const { code, stdout, stderr } = await run(t, "task-queue", ["dead", ...words, "-q", queue, "--json"]);
  assert.equal(code, 0, stderr);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LetterJson);
}

test("task-queue dead lists the letters in order, however often, and show has all of one", async (t) => {
  const queue = await withLetters(t, "one", "two", "three\nlines");
  for (let times = 0; times < 3; times++) {
    const letters = await list(t, queue);
    assert.deepEqual(
      letters.map(({ task, attempts, exitCode, worker }) => [task.text, attempts, exitCode, worker]),
      [
        ["one", 1, 7, "test-worker"],
        ["two", 1, 7, "test-worker"],
        ["three\nlines", 1, 7, "test-worker"],
      ],
    );
  }
  const human = await run(t, "task-queue", ["dead", "-q", queue]);
  assert.match(
    human.stdout,
    / {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, 1 attempt\n {2}'one'\n {2}exit code 7: no: one\n/,
  );
  assert.match(human.stdout, /\n3 dead letters of queue/);
  const third = (await list(t, queue))[2]?.id ?? "";
  const shown = await run(t, "task-queue", ["dead", "show", third, "-q", queue]);
  assert.match(shown.stdout, /Why\n {2}exit code 7:\n {2}Traceback:\n {4}no: three\n/);
  assert.match(shown.stdout, /Body, 11 bytes\n {2}three\n {2}lines\n/);
  const [whole] = await list(t, queue, "show", third);
  assert.deepEqual(Object.keys(whole?.headers ?? {}).sort(), ["x-attempt", "x-failure", "x-first-failed-at"]);
  await hasReady(await openChannel(t), `${queue}.dead`, 3);
});

test("replay puts letters back as if they had never been tried; drop deletes them; both say which id is not there", async (t) => {
  const queue = await withLetters(t, "one", "two", "three", "four");
  const ids = (await list(t, queue)).map(({ id }) => id);
  const replayed = await run(t, "task-queue", ["dead", "replay", ids[1] ?? "", "none", "-q", queue]);
  assert.equal(replayed.code, 1);
  assert.match(replayed.stdout, /1 dead letter replayed/);
  assert.match(replayed.stderr, /There is no dead letter "none"/);
  const attempts: unknown[] = [];
  const { recorder } = await workAll({
    queue,
    handler: (_task, { attempt, headers }) => void attempts.push(attempt, headers),
  });
  assert.deepEqual(attempts, [1, {}]);
  assert.equal(recorder.all("task-done")[0]?.task.id, ids[1], "with the same id");

  const asked = await run(t, "task-queue", ["dead", "drop", ids[0] ?? "", "-q", queue]);
  assert.deepEqual([asked.code, asked.stdout], [2, ""]);
  const dropped = await run(t, "task-queue", ["dead", "drop", ids[0] ?? "", "--yes", "--json", "-q", queue]);
  assert.deepEqual(JSON.parse(dropped.stdout), { queue, dropped: 1 });
  assert.deepEqual(
    (await list(t, queue)).map(({ task }) => task.text),
    ["three", "four"],
  );
  const all = await run(t, "task-queue", ["dead", "replay", "--all", "-q", queue, "--json"]);
  assert.deepEqual(JSON.parse(all.stdout), { queue, replayed: 2 });
  assert.deepEqual(await readAll(await openChannel(t), queue), ["three", "four"]);
  assert.deepEqual(await list(t, queue), []);
});

test("where there is no queue of dead letters there is none to list, and none is created", async (t) => {
  const queue = uniqueQueue(t);
  for (const words of [["dead"], ["dead", "replay", "--all"], ["dead", "drop", "--all", "--yes"]]) {
    const { code, stdout, stderr } = await run(t, "task-queue", [...words, "-q", queue]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /0 dead letters/);
  }
  await assert.rejects((await openChannel(t)).checkQueue(`${queue}.dead`), /NOT_FOUND/);
});

test("replay without a work queue loses nothing and says what is missing", async (t) => {
  const queue = await withLetters(t, "one", "two");
  await (await openChannel(t)).deleteQueue(queue);
  const { code, stderr } = await run(t, "task-queue", ["dead", "replay", "--all", "-q", queue]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`There is no queue "${queue}"`));
  await hasReady(await openChannel(t), `${queue}.dead`, 2);
});

test("letters that a dead-letter exchange put there are shown too, with the broker's reason, and can be replayed", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  const channel = await openChannel(t);
  await channel.assertQueue(`${queue}.dead`, { arguments: { "x-queue-type": "classic" } });
  await channel.assertQueue(queue, {
    arguments: { "x-dead-letter-exchange": "", "x-dead-letter-routing-key": `${queue}.dead` },
  });
  channel.sendToQueue(queue, Buffer.from("theirs"));
  await hasReady(channel, queue, 1);
  const message = await channel.get(queue);
  assert.ok(message !== false);
  channel.reject(message, false);
  await hasReady(channel, `${queue}.dead`, 1);
  const [letter] = await list(t, queue);
  assert.equal(letter?.reason, `rejected in queue "${queue}", says the broker`);
  assert.match(letter?.id ?? "", /^sha256-[0-9a-f]{12}$/);
  assert.equal((await run(t, "task-queue", ["dead", "replay", letter?.id ?? "", "-q", queue])).code, 0);
  await hasReady(channel, queue, 1);
});

test("hostile headers, ids and reasons do nothing to a terminal", async (t) => {
  const queue = uniqueQueue(t);
  deletedAfterwards(t, `${queue}.dead`);
  const channel = await openChannel(t);
  await channel.assertQueue(`${queue}.dead`);
  const evil = "\x1b[2J\r\n\u202e [x] Done";
  for (const headers of [
    { "x-attempt": "many", "x-first-failed-at": evil, "x-failure": evil },
    { "x-attempt": -1, "x-failure": { reason: evil, worker: evil, at: evil, signal: evil, exitCode: evil } },
    { "x-death": [evil], [evil]: evil },
    { "x-death": [{ reason: evil, queue: evil, time: evil }] },
  ])
    channel.sendToQueue(`${queue}.dead`, Buffer.from(evil), { messageId: evil, headers });
  await hasReady(channel, `${queue}.dead`, 4);
  for (const words of [["dead"], ["dead", "show", evil]]) {
    const { code, stdout } = await run(t, "task-queue", [...words, "-q", queue]);
    assert.equal(code, 0);
    assertClean(stdout, 40_000);
  }
});

test("wrong usage of task-queue dead says what to write", async (t) => {
  const cases: [string[], RegExp][] = [
    [["show"], /Which one\? task-queue dead show <id>/],
    [["replay"], /replay <id>, or --all/],
    [["--all"], /--all is for replay and drop/],
    [["replay", "--all", "x"], /ids or --all/],
    [["delete"], /choices/],
  ];
  for (const [words, message] of cases) {
    const { code, stderr } = await run(t, "task-queue", ["dead", ...words]);
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, message);
  }
});

test("replay --all that is killed at any moment loses none", async (t) => {
  const tasks = Array.from({ length: 60 }, (_, at) => `task ${at}`);
  const queue = await withLetters(t, ...tasks);
  const channel = await openChannel(t);
  const replaying = start(t, "task-queue", ["dead", "replay", "--all", "-q", queue]);
  await eventually("one is back", async () => (await channel.checkQueue(queue)).messageCount > 0);
  replaying.child.kill("SIGKILL");
  await replaying.ended;
  await eventually("what it held is back", async () => {
    const [back, dead] = [await channel.checkQueue(queue), await channel.checkQueue(`${queue}.dead`)];
    return back.messageCount + dead.messageCount >= tasks.length;
  });
  const found = [...(await readAll(channel, queue)), ...(await readAll(channel, `${queue}.dead`))];
  assert.deepEqual([...new Set(found)].sort(), tasks.toSorted());
});
