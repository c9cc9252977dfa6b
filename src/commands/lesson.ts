import { addAbortSignal, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { WorkQueueError } from "../engine/errors.js";
import type { LeftQueue } from "../lessons/harness/lesson-queues.js";
import { Stage } from "../lessons/harness/lesson-run.js";
import type { Lesson, LessonOptions } from "../lessons/lesson.js";
import { lessons } from "../lessons/lessons.js";
import type { Terminal } from "../terminal/terminal.js";
import { wrap } from "../text/columns.js";
import { inSeconds } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { drawSvg } from "../timeline/draw-svg.js";
import { drawTimelines, type Titled } from "../timeline/draw-text.js";
import { buildTimeline } from "../timeline/timeline.js";
import { connectionTarget } from "./connection-options.js";
import { LessonScreen } from "./lesson-screen.js";
import { onStopSignals, signalExitCode } from "./signals.js";
import { checkSvg, writeSvg } from "./svg-file.js";
import { openTaskFile } from "./task-file.js";

/** What a person asked of a lesson; undefined: as the lesson has it. */
export interface GiveOptions {
  workers: number | undefined;
  file: string | undefined;
  /** Work per dot, in ms. */
  dotMs: number | undefined;
  /** A broker to give it on instead of a private one. */
  url: string | undefined;
  /** A file for the timeline as SVG. */
  svg: string | undefined;
}

/** Lists the lessons. */
export function listLessons(terminal: Terminal): number {
  for (const { name, question } of lessons)
    terminal.stdout.write(`${terminal.outColors.bold(name.padEnd(16))} ${question}\n`);
  terminal.stdout.write("\nGive one with: task-queue lesson <name>\n");
  return 0;
}

/** Gives one lesson; Ctrl-C ends it and clears up. Returns the exit code: 1 where a queue is left behind. */
export async function giveLesson(lesson: Lesson, options: GiveOptions, terminal: Terminal): Promise<number> {
  const stop = new AbortController();
  const { stderr } = terminal;
  let exitCode = 0;
  let ending = "Stopped; everything is cleared up.";
  const leaves = ({ queue, reason }: LeftQueue) => {
    const why = printable(reason.replace(/\.$/, ""), 400);
    stderr.write(`Queue '${queue}' could not be deleted: ${why}.\n`);
    stderr.write(`With the same --url: task-queue delete -q ${queue}\n`);
    ending = "Stopped.";
    exitCode ||= 1;
  };
  const leave = (signal: NodeJS.Signals) => {
    exitCode = signalExitCode(signal);
    stop.abort();
  };
  const stopListening = onStopSignals(process, { first: leave, second: leave });
  try {
    await give(lesson, options, terminal, { signal: stop.signal, leaves });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    stderr.write(`${ending}\n`);
  } finally {
    stopListening();
  }
  return exitCode;
}

async function give(
  lesson: Lesson,
  { url, svg, ...wanted }: GiveOptions,
  terminal: Terminal,
  { signal, leaves }: { signal: AbortSignal; leaves(queue: LeftQueue): void },
): Promise<void> {
  await refuseWhatCannotBe(lesson, { url, svg, ...wanted }, terminal);
  const { file, workers = 2, dotMs = lesson.dotMs } = wanted;
  const input = file === undefined ? undefined : await checkTasks(file, terminal, signal);
  const options: LessonOptions = { file, input, workers, dotMs };
  const { stdout, outColors } = terminal;
  const { bold, dim } = outColors;
  const columns = stdout.columns || 80;
  const say = (text: string) => stdout.write(`${text}\n`);
  const sayWrapped = (text: string, indent = "") => {
    for (const line of wrap(text, columns - 1 - indent.length)) say(indent + line);
  };

  say(bold(lesson.question));
  sayWrapped(lesson.plan(options));
  say(dim(url === undefined ? "Starting a RabbitMQ of its own ..." : "On a queue of its own ..."));
  say("");
  const screen = new LessonScreen(terminal);
  const stage = await Stage.open({ url, dotMs, signal, audience: screen });
  let measured: unknown;
  try {
    measured = await lesson.run(stage, options);
  } finally {
    screen.end();
    for (const queue of await stage.close()) leaves(queue);
  }
  signal.throwIfAborted();

  const drawn = stage.runs.map(({ title, events }): Titled => {
    const timeline = buildTimeline(events);
    return { title: title === "" ? "" : `${title}: ${inSeconds(timeline.elapsed)}`, timeline };
  });
  if (!stdout.isTTY) say("");
  for (const line of drawTimelines(drawn, columns, outColors)) say(line);
  const sections: [string, readonly string[]][] = [
    ["What was measured", lesson.findings(measured)],
    ["By hand", lesson.byHand],
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
}

/** Before anything is started. @throws WorkQueueError USAGE, BAD_URL, INPUT */
async function refuseWhatCannotBe(
  lesson: Lesson,
  { url, svg, file, workers, dotMs = lesson.dotMs }: GiveOptions,
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
      `The lesson ${name} kills the broker, which it does only to one of its own: give it without --url.`,
    );
  if (dotMs < minDotMs)
    throw new WorkQueueError(
      "USAGE",
      `The lesson ${name} shows nothing with less than ${minDotMs}ms per dot: give it --dot ${minDotMs}ms or more.`,
    );
  if (url !== undefined && (await connectionTarget({ url }, terminal)).urls.length > 1)
    throw new WorkQueueError("USAGE", "A lesson is given on one broker: --url takes one address here.");
  if (svg !== undefined) await checkSvg(svg);
}

/** Resolves with standard input, if that is the file: it is read once. @throws WorkQueueError INPUT, also without a task */
async function checkTasks(
  file: string,
  { stdin, stderr }: Terminal,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const ownInput = file === "-";
  if (ownInput && stdin.isTTY) stderr.write("Reading tasks from the terminal, one per line; Ctrl-D ends.\n");
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
