import type { Command } from "commander";
import { timeline } from "../commands/timeline.js";
import { bareCommand } from "./options.js";
import { action } from "./run.js";

interface Flags {
  color: boolean;
  svg?: string;
}

/** `task-queue timeline`. */
export const timelineCommand: Command = bareCommand(
  "timeline",
  "Draw who did what when, from what worker --json and new-task --json have printed.",
  "task-queue timeline",
)
  .argument("<log...>", "files of --json lines, merged by time; - is standard input")
  .option("--svg <path>", "write the timeline to this file too, as SVG")
  .option("--no-color", "no colours (also: NO_COLOR)")
  .action(action<Flags>(({ svg }, terminal, logs) => timeline({ logs, svg }, terminal)));
