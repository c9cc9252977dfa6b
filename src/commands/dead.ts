import { WorkQueueError } from "../engine/errors.js";
import {
  dropLetters,
  type Letter,
  readLetters,
  replayLetters,
  type Selection,
} from "../engine/manage/dead-letters.js";
import { lookAtQueue, type QueueRequest } from "../engine/manage/queue-operations.js";
import { deadQueueName } from "../engine/retry/retry-queues.js";
import { connectionWarnings } from "../report/event-line.js";
import { jsonLine } from "../report/json.js";
import { letterLines, wholeLetterLines } from "../report/letter-lines.js";
import { askYesNo } from "../terminal/prompts.js";
import { canAsk, type Terminal } from "../terminal/terminal.js";
import { count } from "../text/numbers.js";
import { printable } from "../text/printable.js";

/** What `task-queue dead` was asked. */
export interface DeadOptions extends Omit<QueueRequest, "report"> {
  json: boolean;
}

/** Lists the dead letters; returns the exit code. @throws WorkQueueError as `readLetters` does */
export async function listLetters(options: DeadOptions, terminal: Terminal): Promise<number> {
  const { output, colors, stdout } = terminal;
  const columns = stdout.isTTY === true && stdout.columns > 0 ? stdout.columns : Number.POSITIVE_INFINITY;
  let shown = 0;
  const total = await readLetters(requestOf(options, terminal), (letter) => {
    shown++;
    const { headers, ...summary } = letter;
    if (options.json) output.write(jsonLine(summary));
    else for (const line of letterLines(letter, columns, colors.out)) output.out(line);
  });
  if (options.json) return 0;
  output.out(`${shown > 0 ? "\n" : ""}${count(total, "dead letter")} of queue ${quoted(options.queue)}.`);
  if (shown < total) output.out(`Shown are ${count(shown, "letter")}: another consumer holds the others.`);
  if (shown > 0) output.out(colors.out.dim("task-queue dead show|replay|drop <id>"));
  return 0;
}

/** Shows letters with all there is of them; returns the exit code: 1 where there is none with such an id. */
export async function showLetters(
  ids: readonly string[],
  options: DeadOptions,
  terminal: Terminal,
): Promise<number> {
  const { output, colors } = terminal;
  const found: string[] = [];
  await readLetters(requestOf(options, terminal), (letter) => {
    if (!ids.includes(letter.id)) return;
    if (options.json) output.write(jsonLine(letter));
    else {
      if (found.length > 0) output.out("");
      for (const line of wholeLetterLines(letter, colors.out)) output.out(line);
    }
    found.push(letter.id);
  });
  return missing(ids, found, terminal);
}

/** Puts letters back into the work queue; returns the exit code: 1 where there is none with such an id. */
export async function replay(
  selection: Selection,
  options: DeadOptions,
  terminal: Terminal,
): Promise<number> {
  const replayed = await replayLetters(requestOf(options, terminal), selection);
  tell(
    terminal,
    options,
    { replayed: replayed.length },
    `${count(replayed.length, "dead letter")} replayed: back in queue`,
  );
  return selection === "all" ? 0 : missing(selection, replayed, terminal);
}

/** Deletes letters, after asking; returns the exit code. @throws WorkQueueError USAGE where it must ask and cannot */
export async function drop(
  selection: Selection,
  options: DeadOptions & { yes: boolean },
  terminal: Terminal,
): Promise<number> {
  const { output } = terminal;
  const request = requestOf(options, terminal);
  if (!options.yes) {
    if (!canAsk(terminal))
      throw new WorkQueueError("USAGE", "There is no terminal to ask on; --yes skips the question.");
    const letters = await lettersToDrop(selection, request);
    if (!(await askYesNo(`Delete ${letters} of queue ${quoted(options.queue)}? [y/N] `, terminal))) {
      output.out("Nothing was deleted.");
      return 1;
    }
  }
  const dropped = await dropLetters(request, selection);
  tell(terminal, options, { dropped }, `${count(dropped, "dead letter")} deleted of queue`);
  if (selection === "all" || dropped >= selection.length) return 0;
  output.err("Not all of these ids are there.");
  return 1;
}

/** In words. */
async function lettersToDrop(selection: Selection, request: QueueRequest): Promise<string> {
  if (selection !== "all") return count(selection.length, "dead letter");
  const { ready } = await lookAtQueue({ ...request, queue: deadQueueName(request.queue) });
  return count(ready, "dead letter");
}

const requestOf = (options: DeadOptions, terminal: Terminal): QueueRequest => ({
  ...options,
  report: connectionWarnings(terminal),
});

function tell(
  { output, colors }: Terminal,
  { json, queue }: DeadOptions,
  result: Record<string, number>,
  text: string,
): void {
  if (json) output.write(jsonLine({ queue, ...result }));
  else output.out(` ${colors.out.green("[x]")} ${text} ${quoted(queue)}.`);
}

function missing(ids: readonly string[], found: readonly Letter["id"][], { output }: Terminal): number {
  const absent = ids.filter((id) => !found.includes(id));
  for (const id of absent) output.err(`There is no dead letter "${printable(id)}".`);
  return absent.length === 0 ? 0 : 1;
}

const quoted = (queue: string): string => `'${printable(queue, 255)}'`;
