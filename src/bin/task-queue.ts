#!/usr/bin/env node
import "./compile-cache.js";
import { Argument, Option } from "@commander-js/extra-typings";
import { defaultImage } from "../broker/docker-node.js";
import { admin } from "../commands/admin.js";
import { parseAdminUrl } from "../commands/admin-url.js";
import { broker } from "../commands/broker.js";
import { brokerUrls } from "../commands/connection-options.js";
import { listLessons, runLesson } from "../commands/lesson.js";
import { live } from "../commands/live.js";
import { deleteQueue, purgeQueue } from "../commands/purge-delete.js";
import { status } from "../commands/status.js";
import { timeline } from "../commands/timeline.js";
import { watchStatus } from "../commands/watch.js";
import { WorkQueueError } from "../engine/errors.js";
import { lessons } from "../lessons/lessons.js";
import {
  adminUrlOption,
  baseCommand,
  checked,
  connectedCommand,
  connectionOptions,
  durationOption,
  leafCommand,
  queueOption,
  urlOption,
} from "./options.js";
import { wholeNumber } from "./parse.js";
import { perform, processName, runCommand } from "./run.js";

const command = baseCommand(
  "task-queue",
  "The queue at a glance, a private RabbitMQ, lessons on it, and timelines of any run.",
).helpCommand("help [command]", "show the help of a command");

const name = processName("task-queue");

/** Commands with a file of their own; this one passes them on. */
const ownFiles = ["new-task", "worker"];
command.command("new-task [message...]").description("the command new-task: publish tasks");
command.command("worker").description("the command worker: take tasks and work them");

command.addCommand(
  connectedCommand(
    "task-queue status",
    "Print the queue's state: tasks ready and unacknowledged, its workers and what each holds, rates.",
  )
    .addOption(adminUrlOption())
    .option("--watch", "again every second, until Ctrl-C")
    .option("--json", "print it as one JSON object (docs/events.md); with --watch one per line")
    .action((flags) =>
      perform(flags, async (terminal) => {
        const adminUrl = parseAdminUrl(flags.adminUrl);
        const connection = await connectionOptions(flags, terminal);
        const options = { ...connection, name, adminUrl, json: flags.json ?? false };
        return flags.watch ? watchStatus(options, terminal) : status(options, terminal);
      }),
    ),
);

command.addCommand(
  connectedCommand(
    "task-queue purge",
    "Drop the queue's ready tasks, after asking; unacknowledged ones stay.",
  )
    .option("--yes", "do not ask")
    .action((flags) =>
      perform(flags, async (terminal) => {
        const connection = await connectionOptions(flags, terminal);
        return purgeQueue({ ...connection, name, yes: flags.yes ?? false }, terminal);
      }),
    ),
);

command.addCommand(
  connectedCommand("task-queue delete", "Delete the queue and the tasks in it, after asking.")
    .option("--if-empty", "only if no task is ready; unacknowledged ones do not count")
    .option("--if-unused", "only if no worker listens on it")
    .option("--yes", "do not ask")
    .action((flags) =>
      perform(flags, async (terminal) => {
        const { ifEmpty = false, ifUnused = false, yes = false } = flags;
        const connection = await connectionOptions(flags, terminal);
        return deleteQueue({ ...connection, name, yes, ifEmpty, ifUnused }, terminal);
      }),
    ),
);

command.addCommand(
  connectedCommand(
    "task-queue dead",
    "List the queue's dead letters: tasks that failed for good, in the queue <queue>.dead.",
  )
    .addArgument(
      new Argument("[action]", "show: all of a letter; replay: back to the queue; drop: delete").choices([
        "show",
        "replay",
        "drop",
      ] as const),
    )
    .argument("[id...]", "the letters' ids, as the list has them")
    .option("--all", "replay, drop: every dead letter")
    .option("--yes", "drop: do not ask")
    .option("--json", "print one JSON object per line (docs/events.md)")
    .action((action, ids, flags) =>
      perform(flags, async (terminal) => {
        const { all = false, yes = false, json = false } = flags;
        const selection = selectionOf(action, ids, all);
        const options = { ...(await connectionOptions(flags, terminal)), name, json };
        const dead = await import("../commands/dead.js");
        if (action === "replay") return dead.replay(selection, options, terminal);
        if (action === "drop") return dead.drop(selection, { ...options, yes }, terminal);
        if (action === "show") return dead.showLetters(ids, options, terminal);
        return dead.listLetters(options, terminal);
      }),
    ),
);

command.addCommand(
  leafCommand("task-queue admin", "Open RabbitMQ's admin UI at the queue's page, and print its address.")
    .addOption(urlOption())
    .addOption(queueOption())
    .addOption(adminUrlOption())
    .action((flags) =>
      perform(flags, (terminal) => {
        const adminUrl = parseAdminUrl(flags.adminUrl);
        return admin({ urls: brokerUrls(flags.url), queue: flags.queue, adminUrl }, terminal);
      }),
    ),
);

command.addCommand(
  leafCommand(
    "task-queue broker",
    "Run a private RabbitMQ on this machine until Ctrl-C; then it is removed completely, unless --data keeps its data.",
  )
    .addOption(
      new Option(
        "--image <name>",
        `a Docker image (default: the installed rabbitmq-server, else ${defaultImage})`,
      ).env("TASK_QUEUE_IMAGE"),
    )
    .option(
      "--data <directory>",
      "keep its data there when it stops, for the next start (default: it is removed)",
    )
    .action(({ image, data, color }) => perform({ color }, (terminal) => broker({ image, data }, terminal))),
);

command.addCommand(
  leafCommand(
    "task-queue lesson",
    "Run a lesson: real workers and tasks on a private RabbitMQ, measured, and drawn as a timeline.",
    ["130  ended by Ctrl-C (143: by SIGTERM)"],
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
      "run it on this broker, on new queues: one URL, including any password; for amqps://, a certificate that the system trusts (default: a private RabbitMQ)",
    )
    .option("--svg <path>", "write the timeline to this file too, as SVG")
    .option("--live", "watch it on a page in the browser, as task-queue live shows it")
    .action((name, file, { workers, dot, url, svg, live = false, color }) =>
      perform({ color }, async (terminal) => {
        const lesson = lessons.find((one) => one.name === name);
        if (lesson === undefined) return listLessons(terminal);
        return runLesson(lesson, { workers, dotMs: dot, file, url, svg, live }, terminal);
      }),
    ),
);

command.addCommand(
  connectedCommand(
    "task-queue live",
    "Show the queue live on a local page: who sends, what waits, which worker has which task. Where no RabbitMQ runs on this machine, it starts a private one.",
  )
    .addOption(adminUrlOption())
    .addOption(
      new Option("--port <n>", "the page's port (default: any free one)").argParser(
        checked(wholeNumber(1, 65_535)),
      ),
    )
    .option("--no-open", "do not open it in a browser (env: TASK_QUEUE_OPEN=no, and CI)")
    .option("--no-trace", "do without the firehose, which copies every message: counts only")
    .option("--demo", "on a private RabbitMQ, with two workers and the tutorial's five tasks")
    .option("--json", "print what the page sees, one event per line")
    .action((flags) =>
      perform(flags, async (terminal) => {
        const adminUrl = parseAdminUrl(flags.adminUrl);
        const { urls, tls, waitMs, queue } = await connectionOptions(flags, terminal);
        const { port = 0, open, trace, demo = false, json = false, ca, cert, key } = flags;
        const env = { AMQP_CA_FILE: ca, AMQP_CERT_FILE: cert, AMQP_KEY_FILE: key };
        return live({ urls, tls, waitMs, queue, adminUrl, port, trace, demo, json, open, env }, terminal);
      }),
    ),
);

command.addCommand(
  leafCommand(
    "task-queue timeline",
    "Draw who did what when, from the output of worker --json and new-task --json.",
  )
    .argument("<log...>", "files of --json lines, merged by time; - is standard input")
    .option("--svg <path>", "write the timeline to this file too, as SVG")
    .action((logs, flags) => perform(flags, (terminal) => timeline({ logs, svg: flags.svg }, terminal))),
);

/** @throws WorkQueueError USAGE */
function selectionOf(action: string | undefined, ids: string[], all: boolean): string[] | "all" {
  const usage = (message: string) => new WorkQueueError("USAGE", message);
  const takesAll = action === "replay" || action === "drop";
  if (all && !takesAll) throw usage("--all is for replay and drop; without an action all are listed.");
  if (all && ids.length > 0) throw usage("Give ids or --all, not both.");
  if (action !== undefined && !all && ids.length === 0)
    throw usage(
      `Which one? task-queue dead ${action} <id>${takesAll ? ", or --all" : ""}; task-queue dead lists them.`,
    );
  return all ? "all" : ids;
}

const [first = "", ...rest] = process.argv.slice(2);
const [asked = "", words] = first === "help" ? [rest[0], ["--help"]] : [first, rest];
if (ownFiles.includes(asked)) {
  process.argv = [process.execPath, `task-queue ${asked}`, ...words]; // see `typedAs`
  await import(`./${asked}.js`);
} else await runCommand(command, process.argv.slice(2));
