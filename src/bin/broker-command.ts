import { type Command, Option } from "commander";
import { defaultImage } from "../broker/docker-node.js";
import { broker } from "../commands/broker.js";
import { bareCommand } from "./options.js";
import { action } from "./run.js";

/** `task-queue broker`. */
export const brokerCommand: Command = bareCommand(
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
  .action(action<{ color: boolean; image?: string }>(({ image }, terminal) => broker({ image }, terminal)));
