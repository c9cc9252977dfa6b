import { BrokerUrl } from "../engine/connection/broker-url.js";
import { pause } from "../engine/timers.js";
import type { LessonObserver, Part } from "../lessons/harness/lesson-run.js";
import { Live } from "../live/live.js";
import { warning } from "../report/event-line.js";
import type { Terminal } from "../terminal/terminal.js";
import type { TimelineEvent } from "../timeline/timeline-event.js";
import { openInBrowser } from "./admin.js";
import { mayOpen } from "./live.js";

/** How long a lesson waits for its page to be open, in ms. */
const OPEN_MS = 15_000;

/** Shows a lesson on the page of `task-queue live`, besides on the terminal. */
export class LessonPage implements LessonObserver {
  readonly #screen: LessonObserver;
  readonly #terminal: Terminal;
  readonly #dotMs: number;
  #live: Live | undefined;

  constructor(screen: LessonObserver, terminal: Terminal, dotMs: number) {
    this.#screen = screen;
    this.#terminal = terminal;
    this.#dotMs = dotMs;
  }

  /** Starts the page and opens it; resolves when it is open, or was not opened for a while. */
  async open(url: string, signal: AbortSignal): Promise<void> {
    const { output, colors, env } = this.#terminal;
    const live = new Live({
      ...{ urls: [new BrokerUrl(url)], tls: undefined, waitMs: 0, queue: "lesson", adminUrl: undefined },
      ...{ trace: true, port: 0, broker: undefined, env: {}, lesson: true },
      onEvent: () => {},
      onTracingFound: () => {},
    });
    this.#live = live;
    const address = await live.start();
    output.out(`The lesson, live: ${address}`);
    output.out(colors.out.dim("It begins when that page is open."));
    output.out("");
    if (mayOpen(env)) await openInBrowser(address, (text) => output.err(warning(colors.err, text).text));
    await Promise.race([live.opened, pause(OPEN_MS, signal)]);
  }

  onPart(part: Part): void {
    this.#screen.onPart(part);
  }

  onEvent(event: TimelineEvent, name: string): void {
    this.#screen.onEvent(event, name);
    if (event.event === "broker-killed") this.#live?.say({ event: "broker-killed", name });
    else if ("task" in event || event.event === "connected" || event.event === "consuming")
      this.#live?.onLessonEvent(name, event as never, this.#dotMs);
  }

  onQueue(queue: string): void {
    void this.#live?.watch(queue).catch(() => {}); // the connection is lost: it is followed when there is a new one
  }

  onEnd(name: string, killed: boolean): void {
    this.#live?.onLessonEnd(name, killed);
  }

  /** The lesson is over; the page stays. */
  async rest(): Promise<void> {
    await this.#live?.rest();
  }

  /** Keeps the page until the signal is aborted. */
  async stay(signal: AbortSignal): Promise<void> {
    this.#terminal.output.out("\nThe page stays, with what was seen, until Ctrl-C.");
    while (!signal.aborted) await pause(60_000, signal);
    await this.close();
  }

  async close(): Promise<void> {
    await this.#live?.close();
  }
}
