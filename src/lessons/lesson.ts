import type { LessonRun } from "./harness/lesson-run.js";

/** What a user can set for a lesson. */
export interface LessonOptions {
  /** How many workers share the work. */
  workers: number;
  /** The path of a file of tasks; `-`: standard input; undefined: the lesson's own tasks. */
  file: string | undefined;
  /** The content of standard input, where `file` is `-`. */
  input?: Buffer | undefined;
  /** Work per dot, in ms. */
  dotMs: number;
}

/** The commands as they are typed in a shell. */
export interface Commands {
  worker: string;
  newTask: string;
  taskQueue: string;
  /** The lessons' own program that never acknowledges. */
  forgetful: string;
}

/** What a lesson's commands by hand are made of. */
export interface ByHand extends Commands {
  /** How many workers share the work. */
  workers: number;
  /** The user's file of tasks, as a shell takes it. */
  file: string | undefined;
  /** ` --dot 500ms` for a worker; empty where it is its default. */
  dot: string;
}

/** One lesson: the question, the run that measures, and the findings. */
export interface Lesson<Measured = unknown> {
  name: string;
  question: string;
  /** Default work per dot, in ms. */
  dotMs: number;
  /** The least work per dot with which the lesson can be measured, in ms. */
  minDotMs: number;
  /** Whether it kills the broker: such a lesson runs on a private broker only. */
  killsBroker: boolean;
  /** Whether the user can set the number of workers and a file of tasks. */
  adjustable: boolean;
  /** What is going to happen, in two or three sentences. */
  plan(options: LessonOptions): string;
  /** Runs it and measures what came of it, whatever that is; resolves when all its workers have stopped. */
  run(lesson: LessonRun, options: LessonOptions): Promise<Measured>;
  /** What was measured and what it means, one paragraph each. */
  findings(measured: Measured): string[];
  /**
   * How to do the same by hand: what is typed in each terminal, besides the one that starts the broker. A line that
   * begins with `#` is a note.
   */
  byHand(hand: ByHand): string[][];
  /** Pages of RabbitMQ's documentation. */
  readOn: readonly string[];
}
