import { History, type Recorded } from "../history.js";
import type { LiveBar, LiveState } from "../ledger.js";
import type { LiveEvent } from "../live-event.js";
import { totalsSentence, whoGetsWhat } from "../words.js";
import { act, note } from "./act.js";
import { wireControls } from "./controls.js";
import { byId, calm, clock, make, setText } from "./dom.js";
import { fly, seatOf } from "./flights.js";
import { Lanes } from "./lanes.js";
import { drawRates } from "./rates-chart.js";
import { wireSaving } from "./save.js";
import { Sides } from "./sides.js";
import { drawWhy } from "./why.js";

/** With less motion, the time axis moves so often, in ms. */
const CALM_MS = 1_000;

let history = new History();
/** What is shown instead of now: the state after so many events. */
let rewound: { count: number; state: LiveState } | undefined;
let connected = false;

const sides = new Sides();
const lanes = new Lanes((bar: LiveBar, name: string) => drawWhy(bar, name, shown()));
const slider = byId<HTMLInputElement>("rewind");

const shown = (): LiveState => rewound?.state ?? history.now;
const nowShown = (): number => (rewound === undefined ? Date.now() : rewound.state.at);

function draw(): void {
  const state = shown();
  const now = nowShown();
  drawHeader(state);
  sides.draw(state, now);
  lanes.draw(state, now);
  lanes.move(now);
  drawRates(state);
  setText(byId("answer"), whoGetsWhat(state) ?? "");
  setText(byId("totals"), totalsSentence(state));
  slider.max = String(history.events.length);
  if (rewound === undefined) slider.value = slider.max;
  document.body.classList.toggle("rewound", rewound !== undefined);
  byId<HTMLButtonElement>("to-now").disabled = rewound === undefined;
  const time = rewound === undefined ? "now" : `${clock(state.at)}, event ${rewound.count}`;
  setText(byId("rewind-time"), time);
  slider.setAttribute("aria-valuetext", time);
}

function drawHeader({ about, sight, broker, gapSince, at }: LiveState): void {
  const { trace, management, because, wasOn } = sight;
  setText(byId("queue-name"), about === null ? "Queue" : about.queue);
  document.title = `${about === null ? "" : `${about.queue}: `}task-queue live`;
  const how = trace ? "firehose on" : "numbers only";
  setText(
    byId("about"),
    about === null
      ? "Connecting …"
      : `${about.version} at ${about.broker}${about.vhost === "/" ? "" : `, virtual host ${about.vhost}`} · ${how}`,
  );
  byId("cost").hidden = !trace;
  for (const id of ["send", "add"]) byId(id).hidden = about?.acts === false;
  byId("broker-row").hidden = about?.ownBroker !== true;
  byId<HTMLButtonElement>("broker-kill").disabled = broker !== "up";
  byId<HTMLButtonElement>("broker-restart").disabled = broker !== "killed";
  const warnings = [
    connected
      ? ""
      : "The page's server does not answer. What is shown is how it was; it comes back by itself.",
    broker === "killed"
      ? "RabbitMQ was killed."
      : broker === "lost"
        ? "The connection to RabbitMQ is lost. It comes back by itself."
        : "",
    broker === "over"
      ? "The lesson is over. This is what was seen; Ctrl-C in its terminal ends the page."
      : "",
    !trace && because !== null
      ? `Single tasks of other clients cannot be seen: ${because}${/[.!?]$/.test(because) ? "" : "."}`
      : "",
    trace && !management && because !== null ? because : "",
    gapSince !== null && at - gapSince < 300_000
      ? `Nothing was seen from ${clock(gapSince)} on for a while: this page's server was suspended.`
      : "",
  ].filter((one) => one !== "");
  const warning = byId("warning");
  warning.hidden = warnings.length === 0 && !wasOn;
  const text = warnings.join(" ");
  const tracing = wasOn
    ? "Tracing was on before this page: another one's, or left on by one that was killed."
    : "";
  if (warning.dataset["text"] === text + tracing) return;
  warning.dataset["text"] = text + tracing;
  warning.replaceChildren(`${text}${text !== "" && wasOn ? " " : ""}${tracing}`);
  if (!wasOn) return;
  const button = make("button", "", "Switch it off at the end");
  button.type = "button";
  button.onclick = () => void act({ do: "switch-tracing-off" });
  warning.append(button);
}

function take(events: readonly LiveEvent[]): void {
  // Where tasks stand that will move, before they do.
  const before = rewound === undefined && events.length < 30 ? events.flatMap(seatBefore) : [];
  const dropped = history.next - history.events.length;
  for (const event of events) history.add(event);
  const gone = history.next - history.events.length - dropped;
  if (rewound !== undefined && gone > 0) goTo(Math.max(rewound.count - gone, 0));
  for (const event of events) announce(event);
  draw();
  for (const { task, seat, to } of before) {
    const target = to === "lane" ? lanes.barOf(task) : sides.chipOf(task);
    if (target !== null) fly(seat, target.getBoundingClientRect());
  }
}

function seatBefore(event: LiveEvent) {
  const moves = { "task-delivered": "lane", "task-received": "lane", "task-requeued": "queue" } as const;
  const to = moves[event.event as keyof typeof moves];
  if (to === undefined || !("task" in event)) return [];
  const seat = seatOf(to === "lane" ? sides.chipOf(event.task.id) : lanes.barOf(event.task.id));
  return seat === undefined ? [] : [{ task: event.task.id, seat, to }];
}

/** What is worth a sentence. */
function announce(event: LiveEvent): void {
  if (event.event === "worker-killed") note(`${event.name} was killed (kill -9).`);
  else if (event.event === "worker-left")
    note(
      `${event.name} ${event.how === "failed" ? "ended with an error" : event.how === "gone" ? "is gone" : "stopped"}.`,
    );
  else if (event.event === "task-requeued")
    note(`'${event.task.text}' went back to the queue from ${event.name}.`);
  else if ((event.event === "task-received" || event.event === "task-delivered") && event.redelivered)
    note(`'${event.task.text}' was sent again, to ${event.name}, marked as redelivered.`);
  else if (event.event === "process-failed") note(event.reason);
  else if (event.event === "broker-back") note("RabbitMQ is back.");
}

function goTo(count: number): void {
  rewound = count >= history.events.length ? undefined : { count, state: history.upTo(count) };
}

function backToNow(): void {
  rewound = undefined;
  draw();
}

function wireRewind(): void {
  slider.oninput = () => {
    goTo(Number(slider.value));
    draw();
  };
  byId("to-now").onclick = backToNow;
  addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const isTyping = target.matches("input:not([type=range]), textarea, select");
    if (event.key.toLowerCase() === "n" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey)
      backToNow();
  });
}

function listen(): void {
  const source = new EventSource("/events");
  source.addEventListener("history", (event) => {
    connected = true;
    history = new History(JSON.parse(event.data) as Recorded);
    rewound = undefined;
    draw();
  });
  source.addEventListener("happened", (event) => take(JSON.parse(event.data) as LiveEvent[]));
  source.onerror = () => {
    connected = false;
    draw();
    // The browser tries again by itself, except after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2_000);
  };
}

let movedAt = 0;
let drawnAt = 0;
function frame(): void {
  const now = Date.now();
  if (rewound === undefined && (!calm.matches || now - movedAt >= CALM_MS)) {
    movedAt = now;
    // Countdowns, and lanes that leave the picture, change without an event.
    if (now - drawnAt >= 500) {
      drawnAt = now;
      draw();
    } else lanes.move(now);
  }
  requestAnimationFrame(frame);
}

// The token is in a cookie now; it need not stay in the address, nor in the history.
globalThis.history.replaceState(null, "", "/");
wireControls();
wireRewind();
wireSaving(shown);
addEventListener("resize", draw);
draw();
listen();
requestAnimationFrame(frame);
