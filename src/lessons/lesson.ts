import type { LessonRun } from "./harness/lesson-run.js";

/** What a person may say about a lesson. */
export interface LessonOptions {
  /** How many workers share the work. */
  workers: number;
  /** A file of tasks instead of the lesson's own. */
  file: string | undefined;
  /** What standard input had, where that is the file (`-`). */
  input?: Buffer | undefined;
  /** Work per dot, in ms. */
  dotMs: number;
}

/** One lesson: what it asks, what it does, and what is learnt from what was measured. */
export interface Lesson<Measured = unknown> {
  name: string;
  question: string;
  /** Work per dot unless another is given, in ms. */
  dotMs: number;
  /** The least work per dot with which there is something to see, in ms. */
  minDotMs: number;
  /** It kills the broker, so it is not given on somebody's. */
  killsBroker: boolean;
  /** It takes other numbers of workers, and a file of tasks. */
  adjustable: boolean;
  /** What is going to happen, in two sentences. */
  plan(options: LessonOptions): string;
  /** Runs it and measures; resolves when all its workers have stopped. */
  run(lesson: LessonRun, options: LessonOptions): Promise<Measured>;
  /** What was measured and what it means, a sentence or two each. */
  findings(measured: Measured): string[];
  /** The same by hand, as lines of terminals. */
  byHand: readonly string[];
  /** Pages of RabbitMQ's documentation. */
  readOn: readonly string[];
}
