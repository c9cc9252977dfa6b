#!/usr/bin/env node
import "./compile-cache.js";
import { brokerCommand } from "./broker-command.js";
import { lessonCommand } from "./lesson-command.js";
import { bareCommand } from "./options.js";
import { queueCommands } from "./queue-commands.js";
import { runCommand } from "./run.js";
import { timelineCommand } from "./timeline-command.js";

const command = bareCommand(
  "task-queue",
  "The queue at a glance, a RabbitMQ of one's own, lessons on it, and timelines of any run.",
);
for (const each of [...queueCommands, brokerCommand, lessonCommand, timelineCommand])
  command.addCommand(each);

await runCommand(command, process.argv.slice(2));
