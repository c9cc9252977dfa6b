#!/usr/bin/env node
import { Argument, Option } from "commander";
import { defaultImage } from "../broker/docker-node.js";
import { broker } from "../cli/broker.js";
import { giveLesson, type LessonName, lessons, listLessons } from "../cli/lesson.js";
import { parseDuration, wholeNumber } from "../cli/parse.js";
import { defaults } from "../queue/defaults.js";
import { action, bareCommand, checked, runCommand } from "./command.js";

interface LessonFlags {
  color: boolean;
  workers: number;
  dot: number;
}

const command = bareCommand("task-queue", "A RabbitMQ of one's own, and lessons on it.");

command.addCommand(
  bareCommand(
    "broker",
    "Run a private RabbitMQ on this machine until Ctrl-C; nothing of it is left afterwards.",
    "task-queue broker",
  )
    .addOption(
      new Option(
        "--image <name>",
        `a Docker image (default: the installed rabbitmq-server, without one ${defaultImage})`,
      ).env("TASK_QUEUE_IMAGE"),
    )
    .option("--no-color", "no colours (also: NO_COLOR)")
    .action(action<{ color: boolean; image?: string }>(({ image }, terminal) => broker({ image }, terminal))),
);

command.addCommand(
  bareCommand(
    "lesson",
    "Give a lesson: real workers and tasks on a private RabbitMQ, drawn as a timeline.",
    "task-queue lesson",
  )
    .addArgument(new Argument("[name]", "without a name: the list").choices(Object.keys(lessons)))
    .argument("[file]", "tasks of your own, one per line or CSV row, instead of the tutorial's five")
    .addOption(
      new Option("--workers <n>", "how many workers share the work")
        .argParser(checked(wholeNumber(1, 50)))
        .default(2),
    )
    .addOption(
      new Option("--dot <duration>", "work per dot")
        .argParser(checked(parseDuration))
        .default(defaults.dotMs, "1s"),
    )
    .option("--no-color", "no colours (also: NO_COLOR)")
    .action(
      action<LessonFlags>(async ({ workers, dot }, terminal, [name, file]) => {
        if (name === undefined) return listLessons(terminal);
        return giveLesson(name as LessonName, { workers, dotMs: dot, file }, terminal);
      }),
    ),
);

await runCommand(command, process.argv.slice(2));
