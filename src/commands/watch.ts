import type { ChannelModel } from "amqplib";
import type { BrokerUrl } from "../engine/connection/broker-url.js";
import { Session } from "../engine/connection/session.js";
import { codeOf, reasonOf } from "../engine/errors.js";
import { type QueueStatus, queueStatus } from "../engine/manage/queue-status.js";
import { eventLine } from "../report/event-line.js";
import { jsonLine } from "../report/json.js";
import { notice, statusLines } from "../report/status-lines.js";
import { Redraw } from "../terminal/redraw.js";
import type { Terminal } from "../terminal/terminal.js";
import { printable } from "../text/printable.js";
import { onStopSignals } from "./signals.js";
import { managementOf, type StatusOptions } from "./status.js";

/** From one look at the queue to the next, in ms. */
const EVERY_MS = 1_000;

/**
 * Tells how the queue stands once a second, until a signal or until nobody reads it; returns the exit code. It
 * fails as `status` does before the first look; later, connections are made again for ever.
 */
export async function watchStatus(options: StatusOptions, terminal: Terminal): Promise<number> {
  const { stdout, stderr, outColors, errColors } = terminal;
  const redraw = new Redraw(terminal);
  const stop = new AbortController();
  let failure: unknown;
  let last: { status: QueueStatus; broker: BrokerUrl } | undefined;
  /** A ` [!]` line about why `last` is not of now. */
  let trouble: string | undefined;

  const draw = () => {
    if (last === undefined) return;
    const { status, broker } = last;
    const { columns } = redraw;
    const time = `  As of ${status.at.toLocaleTimeString("en-GB")}; every second, until Ctrl-C.`;
    const above = [outColors.dim(time), ...(trouble === undefined ? [] : notice(trouble, columns))];
    const room = { columns, rows: redraw.rows - above.length };
    const [title = "", ...rest] = statusLines(status, broker, room, outColors);
    redraw.draw([title, ...above, ...rest]);
  };
  const tell = (line: string) => {
    if (line === trouble) return; // once, not once a second
    trouble = line;
    if (redraw.enabled && !options.json && last !== undefined) draw();
    else stderr.write(`${line}\n`);
  };
  const fail = (error: unknown) => {
    failure = error;
    stop.abort();
  };
  let current: ChannelModel | undefined;
  const look = async (connection: ChannelModel, broker: BrokerUrl) => {
    const management = managementOf(options, broker, stop.signal);
    const status = await queueStatus(connection, options.queue, management);
    if (connection !== current || stop.signal.aborted) return; // lost meanwhile
    last = { status, broker };
    trouble = undefined;
    if (options.json) stdout.write(jsonLine(status));
    else draw();
  };
  /** A look at the queue failed, on a connection that may go on. */
  const miss = (error: unknown) => {
    if (last === undefined) return fail(error);
    tell(` ${errColors.yellow("[!]")} ${printable(reasonOf(error), 400)}`);
  };
  const session = new Session({
    ...options,
    report: (event) => {
      const line = eventLine(event, { out: outColors, err: errColors });
      if (line !== undefined) tell(line.text);
    },
    setup: async (connection, broker) => {
      current = connection;
      void (async () => {
        while (connection === current && !stop.signal.aborted) {
          const at = performance.now();
          await look(connection, broker).catch((error: unknown) => {
            // Of a lost connection the session tells.
            if (connection === current && codeOf(error) !== "CONNECTION_LOST") miss(error);
          });
          await pause(EVERY_MS - (performance.now() - at), stop.signal);
        }
      })();
    },
    lost: () => {
      current = undefined;
    },
    failed: fail,
  });

  const stopListening = onStopSignals(process, { first: () => stop.abort(), second: () => {} });
  stdout.on("error", () => stop.abort()); // `task-queue status --watch | head`
  stdout.on("resize", () => {
    redraw.clear();
    if (!options.json) draw();
  });
  session.start();
  await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  stopListening();
  await session.close();
  if (failure !== undefined) throw failure;
  return 0;
}

/** Waits so many ms, or until it is told to stop. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, Math.max(ms, 0));
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
