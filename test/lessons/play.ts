import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Chalk } from "chalk";
import { runLesson } from "#dist/commands/lesson.js";
import { LessonRun, type Part } from "#dist/lessons/harness/lesson-run.js";
import type { Lesson } from "#dist/lessons/lesson.js";
import { Output } from "#dist/terminal/output.js";
import type { Terminal } from "#dist/terminal/terminal.js";
import type { Bar } from "#dist/timeline/timeline.js";
import { buildTimeline } from "#dist/timeline/timeline.js";
import { leftRunning } from "../support/left-running.js";
import { ownTemporary } from "../support/own-temporary.js";
import { brokerUrl } from "../support/queue.js";
import { noXmlParser, parseXml } from "../support/xml.js";

/** Plays a lesson on the tests' broker without its command, and resolves with what it measured. */
export async function play<M>(
  t: TestContext,
  lesson: Lesson<M>,
  dotMs: number,
): Promise<{ measured: M; run: LessonRun }> {
  const stop = new AbortController();
  const run = await LessonRun.open({
    url: brokerUrl,
    dotMs,
    signal: stop.signal,
    observer: { onPart: () => {}, onEvent: () => {} },
  });
  t.after(() => run.close());
  t.after(() => stop.abort());
  return { measured: await lesson.run(run, { workers: 2, file: undefined, dotMs }), run };
}

/** A terminal that is none: what is written to its streams is kept. */
function recordedTerminal() {
  const written = { out: "", err: "" };
  const stdout = { isTTY: false, columns: 0, write: (text: string) => (written.out += text) };
  const stderr = { isTTY: false, write: (text: string) => (written.err += text) };
  const plain = new Chalk({ level: 0 });
  const output = new Output(stdout, stderr, new EventEmitter());
  const terminal = {
    stdin: process.stdin,
    stdout,
    stderr,
    output,
    env: {},
    colors: { out: plain, err: plain },
  };
  return { terminal: terminal as unknown as Terminal, written };
}

/** What one play of a lesson gives, as its command gives it. */
interface Played<M> {
  measured: M;
  /** How the bars of each lane end, by its name, for each part. */
  ends: Record<string, Bar["end"][]>[];
  text: string;
  parts: readonly Part[];
}

/**
 * Plays a lesson once, as its command does, and asserts what holds for all of them: its text and its picture are
 * whole, and nothing of it is left running or on disk.
 * @param url a broker to play it on; default: one of its own
 */
export async function playWhole<M>(
  t: TestContext,
  lesson: Lesson<M>,
  { dotMs, url }: { dotMs: number; url?: string },
): Promise<Played<M>> {
  const { env, left, outside } = ownTemporary(t);
  const { TMPDIR } = process.env;
  process.env["TMPDIR"] = env.TMPDIR;
  t.after(() => {
    process.env["TMPDIR"] = TMPDIR;
  });
  const svg = join(outside, "picture.svg");
  const { terminal, written } = recordedTerminal();
  let played: { measured: M; run: LessonRun } | undefined;
  const watched: Lesson = {
    ...lesson,
    findings: (measured) => lesson.findings(measured as M),
    run: async (run, options) => {
      const measured = await lesson.run(run, options);
      played = { measured, run };
      return measured;
    },
  };
  const options = { workers: undefined, file: undefined, dotMs, url, svg, live: false };
  assert.equal(await runLesson(watched, options, terminal), 0);
  terminal.output.flush();
  assert.ok(played !== undefined);
  const text = written.out;
  assert.equal(written.err, "");
  assert.ok(text.startsWith(lesson.question));
  assert.match(text, /^ time +0s/m);
  const said = text.split("\n").filter((line) => /^[a-z]\S* +│/.test(line));
  assert.equal(new Set(said.map((line) => line.indexOf("│"))).size, 1, said.join("\n"));
  for (const title of ["What was measured", "By hand", "Read on"])
    assert.match(text, new RegExp(`^${title}$`, "m"));
  if (url === undefined)
    assert.match(text, /^By hand\n {2}terminal 1 {3}\$ (docker compose up|.*\bbroker$)/m);
  else assert.match(text, /^By hand\n {2}in each .*AMQP_URL=.*\n {2}terminal 1 {3}\$ /m);
  assert.match(text, /^ {2}https:\/\/www\.rabbitmq\.com\//m);
  assert.equal(/^ broker /m.test(text), lesson.killsBroker);
  const picture = readFileSync(svg, "utf8");
  assert.match(picture, /^<svg .*<\/svg>\n$/s);
  assert.ok(picture.includes(`<title id="title">${lesson.question}</title>`));
  if (noXmlParser === false) parseXml([picture]);
  else t.diagnostic(noXmlParser);
  assert.deepEqual(left(), []);
  assert.deepEqual(leftRunning(env.TMPDIR), []);
  const ends = played.run.parts.map(({ events }) =>
    Object.fromEntries(
      buildTimeline(events).lanes.map(({ name, bars }) => [name, bars.map(({ end }) => end)]),
    ),
  );
  return { measured: played.measured, ends, text, parts: played.run.parts };
}
