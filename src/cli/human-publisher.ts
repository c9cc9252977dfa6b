import type { BrokerUrl } from "../queue/broker-url.js";
import { defaults } from "../queue/defaults.js";
import type { EngineEvent, PublishTotals, QueueDeclared } from "../queue/events.js";
import { count, eventLine, inSeconds } from "./event-line.js";
import { LineWriter } from "./line-writer.js";
import { printable } from "./printable.js";
import type { Terminal } from "./terminal.js";
import { TransientLine } from "./transient-line.js";

/** Tasks of a file that are named one by one; after that a progress line and the summary tell. */
const NAMED = 20;

/** Tells a person what a publisher does. */
export function humanPublisher(
  terminal: Terminal,
  { url, file }: { url: BrokerUrl; file: string | undefined },
): (event: EngineEvent) => void {
  const many = file !== undefined;
  const lines = new LineWriter(terminal);
  const transient = new TransientLine(terminal);
  let declared: QueueDeclared | undefined;
  let told = 0;
  let unconfirmed = 0;
  let shownAt = 0;
  return (event) => {
    if (event.event === "queue-declared") declared ??= event;
    if (event.event === "task-unconfirmed" && ++unconfirmed > NAMED) return;
    if (event.event === "task-confirmed" && ++told > NAMED && many) {
      const now = performance.now();
      if (now - shownAt > 100) {
        shownAt = now;
        transient.show(`${count(told, "task")} confirmed`);
      }
      return;
    }
    lines.write(eventLine(event, lines.colors));
    if (event.event === "task-confirmed" && told === NAMED && many)
      lines.out(`     ${lines.colors.out.dim("Further tasks are not named one by one.")}`);
    if (event.event === "stopped" && "confirmed" in event) {
      transient.show(undefined);
      if (many) lines.out(summary(event));
      if (event.confirmed > 0 && declared !== undefined)
        lines.out(lines.colors.out.dim(standing(declared, url)));
    }
  };
}

function summary({ confirmed, dots, sentAgain, unroutable, unconfirmed, seconds }: PublishTotals): string {
  if (confirmed + unroutable + unconfirmed === 0) return " [x] There was no task in the input.";
  const rate = seconds >= 1 ? `, ${count(Math.round(confirmed / seconds), "task")}/s` : "";
  const parts = [
    `${count(confirmed, "task")} sent and confirmed, ${count(dots, "dot")} (${inSeconds(seconds)}${rate})`,
  ];
  if (sentAgain > 0) parts.push(`${count(sentAgain, "task")} sent again after a lost connection`);
  if (unroutable > 0) parts.push(`${count(unroutable, "task")} no queue took`);
  if (unconfirmed > 0) parts.push(`${count(unconfirmed, "task")} not confirmed`);
  return ` [x] ${parts.join("; ")}`;
}

/** How things stood when the queue was declared, which costs no question of its own. */
function standing({ queue, ready, workers }: QueueDeclared, url: BrokerUrl): string {
  const ahead = `     ${count(ready, "task")} waiting ahead, ${count(workers, "worker")} listening on '${printable(queue)}'.`;
  if (workers > 0) return ahead;
  const where = url.toString() === defaults.url ? "" : ` --url ${shellWord(url.toString())}`;
  const which = queue === defaults.queue ? "" : ` --queue ${shellWord(queue)}`;
  return `${ahead}\n     Start one in another terminal: worker${where}${which}`;
}

/** A text as one word of a shell's command line, to be copied. */
function shellWord(text: string): string {
  const shown = printable(text, 300);
  return /^[\w./:@%+-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
