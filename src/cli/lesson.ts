import { type ShareTheWorkOptions, shareTheWork } from "../lessons/share-the-work.js";
import { onStopSignals, signalExitCode } from "./signals.js";
import type { Terminal } from "./terminal.js";

/** The lessons by name, with the question each one answers. */
export const lessons = {
  "share-the-work": { question: "Which worker gets which task?", give: shareTheWork },
} as const;

export type LessonName = keyof typeof lessons;

/** Lists the lessons. */
export function listLessons(terminal: Terminal): number {
  for (const [name, { question }] of Object.entries(lessons))
    terminal.stdout.write(`${terminal.outColors.bold(name.padEnd(16))} ${question}\n`);
  terminal.stdout.write("\nGive one with: task-queue lesson <name>\n");
  return 0;
}

/** Gives one lesson; Ctrl-C ends it and clears up. Returns the exit code. */
export async function giveLesson(
  name: LessonName,
  options: Omit<ShareTheWorkOptions, "signal">,
  terminal: Terminal,
): Promise<number> {
  const stop = new AbortController();
  let exitCode = 0;
  const leave = (signal: NodeJS.Signals) => {
    exitCode = signalExitCode(signal);
    stop.abort();
  };
  const stopListening = onStopSignals(process, { first: leave, second: leave });
  try {
    await lessons[name].give({ ...options, signal: stop.signal }, terminal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    terminal.stderr.write("Stopped; everything is cleared up.\n");
  } finally {
    stopListening();
  }
  return exitCode;
}
