import { PrivateBroker } from "../broker/private-broker.js";
import { count, eventLine, inSeconds } from "../cli/event-line.js";
import { printableBody } from "../cli/printable.js";
import { openTaskFile } from "../cli/task-file.js";
import type { Terminal } from "../cli/terminal.js";
import type { WorkQueueEvent } from "../queue/events.js";
import { Actor } from "./actor.js";
import { drawTimeline } from "./draw-timeline.js";
import { buildTimeline, type Timeline } from "./timeline.js";

/** The five tasks of RabbitMQ's "Work Queues" tutorial: fifteen dots. */
const tutorialTasks = [
  "First message.",
  "Second message..",
  "Third message...",
  "Fourth message....",
  "Fifth message.....",
];

export interface ShareTheWorkOptions {
  workers: number;
  /** Work per dot, in ms. */
  dotMs: number;
  /** A file of tasks instead of the tutorial's five. */
  file: string | undefined;
  /** Aborted: end everything and clear up. */
  signal: AbortSignal;
}

/**
 * The tutorial for real: a private broker, several `worker` processes, the tasks sent by `new-task`, and a
 * picture of who did what when.
 */
export async function shareTheWork(options: ShareTheWorkOptions, terminal: Terminal): Promise<Timeline> {
  const say = (text: string) => terminal.stdout.write(`${text}\n`);
  const { bold, dim } = terminal.outColors;
  if (options.file !== undefined)
    await (await openTaskFile(options.file, terminal.stdin, options.signal)).close(); // told before anything starts
  say(bold("Which worker gets which task?"));
  say(dim("Starting a RabbitMQ of its own ..."));
  const broker = await PrivateBroker.start({ signal: options.signal });
  const stage = new Stage(broker.url, options, terminal);
  try {
    options.signal.addEventListener("abort", () => stage.clear("SIGKILL"));
    if (!options.signal.aborted) {
      say(dim(`RabbitMQ runs at ${broker.url}.`));
      say(
        `${count(options.workers, "worker")} wait for tasks; new-task sends them.\nEvery dot in a task is ${inSeconds(options.dotMs / 1000)} of work.\n`,
      );
      await stage.play();
    }
  } finally {
    await stage.clear("SIGKILL");
    await broker.stop();
  }
  options.signal.throwIfAborted();
  const timeline = buildTimeline(stage.events);
  say("");
  for (const line of drawTimeline(timeline, terminal.stdout.columns || 80, terminal.outColors)) say(line);
  say("");
  for (const line of findings(timeline)) say(line);
  return timeline;
}

/** The processes of the lesson and what they said. */
class Stage {
  readonly events: WorkQueueEvent[] = [];
  readonly #actors: Actor[] = [];
  readonly #url: string;
  readonly #options: ShareTheWorkOptions;
  readonly #terminal: Terminal;
  #heard = () => {};

  constructor(url: string, options: ShareTheWorkOptions, terminal: Terminal) {
    this.#url = url;
    this.#options = options;
    this.#terminal = terminal;
  }

  async play(): Promise<void> {
    const { workers, dotMs, file } = this.#options;
    for (let number = 1; number <= workers; number++) {
      const name = `worker-${number}`;
      // One after the other, so that the first in line is worker-1.
      await this.#enter("worker", name, ["--name", name, "--dot", `${dotMs}ms`]).has("consuming");
    }
    if (file !== undefined) await this.#enter("new-task", "new-task", ["--file", file]).succeeds();
    else for (const task of tutorialTasks) await this.#enter("new-task", "new-task", ["--", task]).succeeds();

    const told = (event: WorkQueueEvent["event"]) => this.events.filter((one) => one.event === event).length;
    while (told("task-done") < told("task-confirmed"))
      await new Promise<void>((resolve, reject) => {
        this.#heard = resolve;
        if (this.#options.signal.aborted) reject(this.#options.signal.reason);
      });
    await this.clear("SIGINT");
  }

  /** Sends everybody home, and waits until they have gone. */
  async clear(signal: NodeJS.Signals): Promise<void> {
    for (const actor of this.#actors) actor.signal(signal);
    await Promise.all(this.#actors.map(({ exited }) => exited));
    this.#heard();
  }

  #enter(command: "worker" | "new-task", name: string, words: string[]): Actor {
    this.#options.signal.throwIfAborted();
    const { stdout, outColors } = this.#terminal;
    const colors = { out: outColors, err: outColors };
    const actor = new Actor(command, ["--url", this.#url, ...words], (event) => {
      this.events.push(event);
      const line = eventLine(event, colors);
      if (line !== undefined)
        stdout.write(`${outColors.bold(name.padEnd(9))} ${outColors.dim("│")}${line.text}\n`);
      this.#heard();
    });
    this.#actors.push(actor);
    return actor;
  }
}

/** What was measured, in words. */
function findings({ lanes, elapsed, worked }: Timeline): string[] {
  const all = lanes.flatMap(({ bars }) => bars);
  const lines = lanes.map(({ worker, bars }) => {
    const names = bars.slice(0, 8).map(({ task }) => `'${printableBody(task.body, 40)}'`);
    const more = bars.length > names.length ? `, and ${bars.length - names.length} more` : "";
    const seconds = bars.reduce((sum, { from, to }) => sum + to - from, 0);
    return `${worker} did ${count(bars.length, "task")} in ${inSeconds(seconds)}: ${names.join(", ")}${more}`;
  });
  const speedUp = elapsed > 0 ? worked / elapsed : 0;
  return [
    ...lines,
    `${count(all.length, "task")}, ${inSeconds(worked)} of work, done in ${inSeconds(elapsed)}: ${speedUp.toFixed(2)} times as fast as one worker alone.`,
    "A worker gets its next task when it has acknowledged the one before it",
    "(prefetch 1), so a busy worker is passed over.",
  ];
}
