import type { SessionTarget } from "../engine/connection/session.js";
import {
  type EngineEvent,
  type QueueType,
  type Report,
  stamp,
  type WorkQueueEvent,
} from "../engine/events.js";
import { deferred } from "../terminal/output.js";
import type { Terminal } from "../terminal/terminal.js";
import { explainReporter } from "./explain.js";
import { jsonReporter } from "./json.js";

/** What every command about a queue was asked: where, which queue, and how to tell about it. */
export interface QueueCommandOptions extends SessionTarget {
  queue: string;
  queueType: QueueType | undefined;
  json: boolean;
  explain: boolean;
}

/**
 * What a command's events become: JSON lines on stdout, or lines for a person; with `explain` the AMQP
 * steps before them (on stderr where stdout is JSON).
 */
export function makeReport(
  options: QueueCommandOptions,
  terminal: Terminal,
  human: (event: EngineEvent) => void,
): Report {
  const { name, json, explain } = options;
  const { out, stderr, outColors, errColors } = terminal;
  const listeners: ((event: WorkQueueEvent) => void)[] = [];
  if (explain) {
    const to = json ? stderr : out;
    listeners.push(explainReporter((text) => to.write(text), json ? errColors : outColors, options));
  }
  listeners.push(json ? jsonReporter(out) : human);
  const tell = (events: readonly WorkQueueEvent[]) =>
    out.gather(() => {
      for (const event of events) for (const listener of listeners) listener(event);
    });
  return stamp(name, json ? (event) => tell([event]) : deferred(tell, process));
}
