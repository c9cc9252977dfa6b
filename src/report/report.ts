import type { SessionTarget } from "../engine/connection/session.js";
import { type EngineEvent, type QueueType, type Report, safely, stamp } from "../engine/events.js";
import type { Terminal } from "../terminal/terminal.js";
import { explainReporter } from "./explain.js";
import { jsonReporter } from "./json.js";

/** Options of every command about a queue: where, which queue, and how to report. */
export interface QueueCommandOptions extends SessionTarget {
  queue: string;
  queueType: QueueType | undefined;
  json: boolean;
  explain: boolean;
}

/**
 * Prints a command's events as JSON lines or as text; with `explain`, the AMQP steps before them (on stderr
 * if stdout is JSON).
 */
export function makeReport(
  options: QueueCommandOptions,
  { output, colors }: Terminal,
  human: (event: EngineEvent) => void,
): Report {
  const { name, json, explain } = options;
  const print: Report = json ? stamp(name, jsonReporter(output)) : safely(human);
  if (!explain) return print;
  const steps = safely(
    json
      ? explainReporter((line) => output.err(line), colors.err, options)
      : explainReporter((line) => output.out(line), colors.out, options),
  );
  return (event) => {
    steps(event);
    print(event);
  };
}
