import { Argument, type Command, Option } from "commander";
import { giveLesson, listLessons } from "../commands/lesson.js";
import { lessons } from "../lessons/lessons.js";
import { bareCommand, checked, durationOption } from "./options.js";
import { wholeNumber } from "./parse.js";
import { action } from "./run.js";

interface Flags {
  color: boolean;
  workers?: number;
  dot?: number;
  url?: string;
  svg?: string;
}

/** `task-queue lesson`. */
export const lessonCommand: Command = bareCommand(
  "lesson",
  "Give a lesson: real workers and tasks on a private RabbitMQ, measured, and drawn as a timeline.",
  "task-queue lesson",
)
  .addArgument(new Argument("[name]", "without a name: the list").choices(lessons.map(({ name }) => name)))
  .argument("[file]", "share-the-work: tasks of your own, one per line or CSV row; - is standard input")
  .addOption(
    new Option("--workers <n>", "share-the-work: how many workers (default: 2)").argParser(
      checked(wholeNumber(1, 50)),
    ),
  )
  .addOption(durationOption("--dot <duration>", "work per dot (default: the lesson's own, at most 1s)"))
  .option(
    "-u, --url <url>",
    "give it on this broker, on a queue of its own: one address, its password in it, for amqps:// with a certificate that the system trusts (default: a private RabbitMQ)",
  )
  .option("--svg <path>", "write the timeline to this file too, as SVG")
  .option("--no-color", "no colours (also: NO_COLOR)")
  .action(
    action<Flags>(async ({ workers, dot, url, svg }, terminal, [name, file]) => {
      const lesson = lessons.find((one) => one.name === name);
      if (lesson === undefined) return listLessons(terminal);
      return giveLesson(lesson, { workers, dotMs: dot, file, url, svg }, terminal);
    }),
  );
