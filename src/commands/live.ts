import { PrivateBroker } from "../broker/private-broker.js";
import { BrokerUrl } from "../engine/connection/broker-url.js";
import type { SessionTarget } from "../engine/connection/session.js";
import { withConnection } from "../engine/connection/with-connection.js";
import { codeOf, reasonOf } from "../engine/errors.js";
import { Live } from "../live/live.js";
import { connectionWarnings, warning } from "../report/event-line.js";
import { jsonLine } from "../report/json.js";
import { askYesNo } from "../terminal/prompts.js";
import { canAsk, type Terminal } from "../terminal/terminal.js";
import { count } from "../text/numbers.js";
import { printable } from "../text/printable.js";
import { openInBrowser } from "./admin.js";
import { onStopSignals } from "./signals.js";

/** What `task-queue live` was asked. */
export interface LiveCommandOptions extends Pick<SessionTarget, "urls" | "tls" | "waitMs"> {
  queue: string;
  adminUrl: string | undefined;
  json: boolean;
  trace: boolean;
  /** Whether to open the page in a browser, where that may be. */
  open: boolean;
  /** 0: any free one. */
  port: number;
  /** Two workers and the tutorial's tasks, on a private broker. */
  demo: boolean;
  /** Paths of certificates, for the processes that the page starts. */
  env: NodeJS.ProcessEnv;
}

/** Shows the page until Ctrl-C; returns the exit code. */
export async function live(options: LiveCommandOptions, terminal: Terminal): Promise<number> {
  const { output, colors } = terminal;
  const { json, queue, demo } = options;
  const say = (line: string) => (json ? output.err(line) : output.out(line));
  const warn = (text: string) => output.err(warning(colors.err, text).text);
  const stop = new AbortController();
  const hurry = new AbortController();
  const stopListening = onStopSignals(process, { first: () => stop.abort(), second: () => hurry.abort() });
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
  terminal.stdout.on("error", () => stop.abort()); // `task-queue live --json | head`

  let broker: PrivateBroker | undefined;
  let page: Live | undefined;
  let exitCode = 0;
  try {
    const nothing = demo ? "" : await nothingThere(options, terminal, stop.signal);
    if (nothing !== undefined) {
      say(colors.out.dim(`${nothing}Starting a private RabbitMQ ...`));
      broker = await PrivateBroker.start({ standardPorts: !demo, signal: stop.signal });
      say(`RabbitMQ runs at ${broker.url} until this page ends.`);
    }
    const target =
      broker === undefined ? options : { urls: [new BrokerUrl(broker.url)], tls: undefined, waitMs: 0 };
    let tracingFound = false;
    page = new Live({
      ...options,
      ...target,
      adminUrl: broker === undefined ? options.adminUrl : undefined,
      env: broker === undefined ? options.env : {},
      broker,
      onEvent: (event) => {
        if (json) output.write(jsonLine(event));
      },
      onTracingFound: () => {
        tracingFound = true;
      },
    });
    const address = await page.start();
    if (demo) {
      for (let number = 0; number < 2; number++)
        page.startWorker({ prefetch: 1, concurrency: 1, dotMs: 1_000 });
      page.sendTutorial();
    }
    say(`Queue '${printable(queue)}', live: ${address}`);
    say("Ctrl-C ends the page and what it has started.");
    if (tracingFound) await offerToSwitchOff(page, json, terminal, warn);
    if (options.open && mayOpen(terminal.env) && !stop.signal.aborted) await openInBrowser(address, warn);
    await stopped;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    if (page !== undefined) {
      const { workers } = page;
      if (workers > 0 && broker === undefined && !hurry.signal.aborted) {
        say(`Stopping: ${count(workers, "worker")} of the page finish their tasks. Ctrl-C again kills them.`);
        const killed = new Promise<void>((resolve) =>
          hurry.signal.addEventListener("abort", () => resolve()),
        );
        await Promise.race([page.stopWorkers(), killed]);
      }
      // The page's tracing ends with a private broker.
      const left = await page.close();
      if (left !== undefined && broker === undefined) {
        warn(
          `Tracing is still on, for it could not be switched off: ${left.replace(/\.$/, "")}. rabbitmqctl trace_off does that.`,
        );
        exitCode = 1;
      }
    }
    await broker?.stop();
    stopListening();
  }
  say("Stopped.");
  return exitCode;
}

/** Whether to open the page in a browser, without a flag: not where TASK_QUEUE_OPEN is no, and never in CI. */
export const mayOpen = (env: NodeJS.ProcessEnv): boolean =>
  env["TASK_QUEUE_OPEN"]?.toLowerCase() !== "no" && !env["CI"];

/** Where nothing answers on this machine, says so; undefined where a broker does. @throws WorkQueueError any other error */
async function nothingThere(
  options: LiveCommandOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { urls, tls, waitMs } = options;
  try {
    await withConnection(
      { urls, tls, waitMs, name: "task-queue live", report: connectionWarnings(terminal), signal },
      async () => {},
    );
    return undefined;
  } catch (error) {
    // Elsewhere a private broker would not be what was asked for.
    if (codeOf(error) !== "UNREACHABLE" || !urls.every(({ isLocal }) => isLocal)) throw error;
    return `${printable(reasonOf(error), 200)} `;
  }
}

async function offerToSwitchOff(
  page: Live,
  json: boolean,
  terminal: Terminal,
  warn: (text: string) => void,
): Promise<void> {
  warn("Tracing was on already: another page's or tool's, or left on by a page that was killed.");
  const ask = !json && canAsk(terminal);
  if (ask && (await askYesNo("Switch it off when this page ends? [y/N] ", terminal)))
    page.switchTracingOffAtEnd();
  else warn("It stays on. The page has a button to switch it off at its end; so does rabbitmqctl trace_off.");
}
