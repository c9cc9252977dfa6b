import { addAbortSignal, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { WorkQueueError } from "../engine/errors.js";
import type { LeftQueue } from "../lessons/harness/lesson-queues.js";
import { LessonRun } from "../lessons/harness/lesson-run.js";
import type { Lesson, LessonOptions } from "../lessons/lesson.js";
import { lessons } from "../lessons/lessons.js";
import type { Terminal } from "../terminal/terminal.js";
import { wrap } from "../text/columns.js";
import { inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { drawSvg } from "../timeline/draw-svg.js";
import { drawTimelines } from "../timeline/draw-text.js";
import { buildTimeline, type Titled } from "../timeline/timeline.js";
import { byHandLines } from "./by-hand.js";
import { connectionTarget } from "./connection-options.js";
import { LessonPage } from "./lesson-page.js";
import { LessonScreen } from "./lesson-screen.js";
import { onStopSignals, signalExitCode } from "./signals.js";
import { checkSvg, writeSvg } from "./svg-file.js";
import { openTaskFile } from "./task-file.js";

/** The user's settings; undefined: the lesson's own. */
export interface RunOptions {
  workers: number | undefined;
  file: string | undefined;
  /** Work per dot, in ms. */
  dotMs: number | undefined;
  /** A broker to run it on instead of a private one. */
  url: string | undefined;
  /** A file for the timeline as SVG. */
  svg: string | undefined;
  /** Whether to show it on the page of `task-queue live` too. */
  live: boolean;
}

/** Lists the lessons. */
export function listLessons(terminal: Terminal): number {
  const { output, colors } = terminal;
  for (const { name, question } of lessons) output.out(`${colors.out.bold(name.padEnd(16))} ${question}`);
  output.out("\nRun one with: task-queue lesson <name>");
  return 0;
}

/** Runs one lesson; Ctrl-C ends it and clears up. Returns the exit code: 1 where a queue is left behind. */
export async function runLesson(lesson: Lesson, options: RunOptions, terminal: Terminal): Promise<number> {
  const stop = new AbortController();
  const { output } = terminal;
  let exitCode = 0;
  let ending = "Stopped; everything is cleared up.";
  const leaves = ({ queue, reason }: LeftQueue) => {
    const why = printable(reason.replace(/\.$/, ""), 400);
    output.err(`Queue '${queue}' could not be deleted: ${why}.`);
    output.err(`With the same --url: task-queue delete -q ${queue}`);
    ending = "Stopped.";
    exitCode ||= 1;
  };
  const leave = (signal: NodeJS.Signals) => {
    exitCode = signalExitCode(signal);
    stop.abort();
  };
  const stopListening = onStopSignals(process, { first: leave, second: leave });
  try {
    await runAndPrint(lesson, options, terminal, { signal: stop.signal, leaves });
    // The lesson was over: the signal has only ended its page.
    if (exitCode !== 1) exitCode = 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    output.err(ending);
  } finally {
    stopListening();
  }
  return exitCode;
}

async function runAndPrint(
  lesson: Lesson,
  { url, svg, live, ...wanted }: RunOptions,
  terminal: Terminal,
  { signal, leaves }: { signal: AbortSignal; leaves(queue: LeftQueue): void },
): Promise<void> {
  await refuseWhatCannotBe(lesson, { url, svg, live, ...wanted }, terminal);
  const { file, workers = 2, dotMs = lesson.dotMs } = wanted;
  const input = file === undefined ? undefined : await checkTasks(file, terminal, signal);
  const options: LessonOptions = { file, input, workers, dotMs };
  const { stdout, output, colors } = terminal;
  const { bold, dim } = colors.out;
  const columns = stdout.columns || 80;
  const say = (line: string) => output.out(line);
  const sayWrapped = (text: string, indent = "") => {
    for (const line of wrap(text, columns - 1 - indent.length)) say(indent + line);
  };

  say(bold(lesson.question));
  sayWrapped(lesson.plan(options));
  say(dim(url === undefined ? "Starting a private RabbitMQ ..." : "On a new queue ..."));
  say("");
  const screen = new LessonScreen(terminal);
  const page = live ? new LessonPage(screen, terminal, dotMs) : undefined;
  const run = await LessonRun.open({ url, dotMs, signal, observer: page ?? screen });
  let measured: unknown;
  try {
    await page?.open(run.url, signal);
    measured = await lesson.run(run, options);
  } finally {
    screen.end();
    await page?.rest();
    for (const queue of await run.close()) leaves(queue);
    // Only where it is over does the page stay.
    if (measured === undefined || signal.aborted) await page?.close();
  }
  signal.throwIfAborted();

  const drawn = run.parts.map(({ title, events }): Titled => {
    const timeline = buildTimeline(events);
    return { title: title === "" ? "" : `${title}: ${inSeconds(timeline.elapsed)}`, timeline };
  });
  if (!stdout.isTTY) say("");
  for (const line of drawTimelines(drawn, columns, colors.out)) say(line);
  const sections: [string, readonly string[]][] = [
    ["What was measured", lesson.findings(measured)],
    ["By hand", byHandLines(lesson, options, { url, path: terminal.env["PATH"] })],
    ["Read on", lesson.readOn],
  ];
  for (const [title, lines] of sections) {
    say(`\n${bold(title)}`);
    for (const line of lines)
      if (title === "What was measured") sayWrapped(line, "  ");
      else say(`  ${line}`); // commands and addresses are copied: never broken nor cut
  }
  if (svg !== undefined) {
    await writeSvg(svg, drawSvg(lesson.question, drawn));
    say(dim(`\nThe timeline is in ${svg}.`));
  }
  await page?.stay(signal);
}

/** Before anything is started. @throws WorkQueueError USAGE, BAD_URL, INPUT */
async function refuseWhatCannotBe(
  lesson: Lesson,
  { url, svg, file, workers, dotMs = lesson.dotMs }: RunOptions,
  terminal: Terminal,
): Promise<void> {
  const { name, killsBroker, adjustable, minDotMs } = lesson;
  if (!adjustable && (file !== undefined || workers !== undefined))
    throw new WorkQueueError(
      "USAGE",
      `The lesson ${name} has its own workers and tasks; share-the-work takes others.`,
    );
  if (url !== undefined && killsBroker)
    throw new WorkQueueError(
      "USAGE",
      `The lesson ${name} kills its broker, which must be a private one: run it without --url.`,
    );
  if (dotMs < minDotMs)
    throw new WorkQueueError(
      "USAGE",
      `The lesson ${name} shows nothing with less than ${minDotMs}ms per dot: run it with --dot ${minDotMs}ms or more.`,
    );
  if (url !== undefined && (await connectionTarget({ url: [url] }, terminal)).urls.length > 1)
    throw new WorkQueueError("USAGE", "A lesson runs on one broker: --url takes one address here.");
  if (svg !== undefined) await checkSvg(svg);
}

/** Resolves with standard input, if that is the file: it is read once. @throws WorkQueueError INPUT, also without a task */
async function checkTasks(
  file: string,
  { stdin, output }: Terminal,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const ownInput = file === "-";
  if (ownInput && stdin.isTTY) output.err("Reading tasks from the terminal, one per line; Ctrl-D ends.");
  const input = ownInput ? await buffer(addAbortSignal(signal, stdin)) : undefined;
  const source = await openTaskFile(file, Readable.from(input ?? []), signal);
  try {
    for await (const some of source.inputs) if (some.length > 0) return input;
  } finally {
    await source.close();
  }
  throw new WorkQueueError(
    "INPUT",
    `There is no task in ${ownInput ? "standard input" : `"${file}"`}: one per line, or CSV row.`,
  );
}
