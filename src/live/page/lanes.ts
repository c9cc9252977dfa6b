import { heldBy, type LiveBar, type LiveLane, type LiveState } from "../ledger.js";
import { endSentence, laneStatus } from "../words.js";
import { act } from "./act.js";
import { byId, clock, dotsText, keyed, make, setText } from "./dom.js";

/** So much time is on the axis, and so much of it is before now, in ms. */
const SPAN_MS = 21_500;
const BEFORE_MS = 20_000;

/** A row of bars: its height with the gap, and the space above the first, in px. */
const ROW = 30;
const ABOVE = 18;
const MOST_ROWS = 5;

/** What overlaps no longer than this does so because two clocks, or two ways, are not the same. In ms. */
const SAME_MS = 60;

/** Colours for workers, which use theirs in turn. */
const COLORS = 6;

/** Draws the workers as lanes on one time axis that runs. */
export class Lanes {
  readonly #container = byId("lanes");
  readonly #axis = byId("axis");
  readonly #colors = new Map<string, number>();
  readonly #onAsk: (bar: LiveBar, name: string) => void;
  /** Positions are relative to this time, so that a moving lane needs one change. */
  #origin = 0;
  #pxPerMs = 0.02;
  #state: LiveState | undefined;

  /** @param onAsk called when somebody points at a task, or focuses it */
  constructor(onAsk: (bar: LiveBar, name: string) => void) {
    this.#onAsk = onAsk;
    this.#container.addEventListener("keydown", (event) => moveFocus(event));
  }

  /** Draws the lanes of a state; `move` has to follow. */
  draw(state: LiveState, now: number): void {
    this.#state = state;
    const from = now - BEFORE_MS;
    const isShown = (lane: LiveLane) => lane.left === null || lane.left.at > from;
    const shown = state.lanes.filter(isShown);
    const width = this.#container.clientWidth - this.#headWidth();
    this.#pxPerMs = Math.max(width, 100) / SPAN_MS;
    if (Math.abs(now - this.#origin) > 600_000) this.#origin = now;
    keyed(
      this.#container,
      shown,
      ({ id }) => id,
      (lane) => this.#makeLane(lane),
      (element, lane) => this.#drawLane(element, lane, from, now),
    );
    if (shown.length === 0) {
      const none = "No worker yet. Add one above, or start one in a terminal: worker";
      if (this.#container.childElementCount === 0) this.#container.append(make("p", "dim none", none));
    } else for (const left of this.#container.querySelectorAll(":scope > p")) left.remove();
    const earlier = state.lanes.filter((lane) => !isShown(lane));
    const done = earlier.reduce((sum, lane) => sum + lane.done, 0);
    const names = earlier.slice(-6).map(({ name }) => name);
    setText(
      byId("earlier"),
      earlier.length === 0
        ? ""
        : `Gone, with ${done} done: ${names.join(", ")}${earlier.length > 6 ? " and others" : ""}.`,
    );
  }

  /** Moves everything to where it is now. Called for every frame. */
  move(now: number): void {
    const state = this.#state;
    if (state === undefined) return;
    const shift = (this.#origin - now + BEFORE_MS) * this.#pxPerMs;
    for (const bars of this.#container.querySelectorAll<HTMLElement>(".bars"))
      bars.style.transform = `translateX(${shift.toFixed(1)}px)`;
    for (const element of this.#container.querySelectorAll<HTMLElement>("li[data-open]"))
      element.style.width = `${Math.max((now - Number(element.dataset["open"])) * this.#pxPerMs, 3).toFixed(1)}px`;
    for (const item of this.#container.querySelectorAll<HTMLElement>("li[data-task]")) {
      // A text that has moved out of the picture with the beginning of its bar stays at the edge.
      const hidden = -(Number.parseFloat(item.style.left) + shift);
      const button = item.firstElementChild as HTMLElement;
      button.style.paddingLeft = hidden > 0 ? `${Math.min(hidden, item.clientWidth) + 7}px` : "";
    }
    for (const line of this.#container.querySelectorAll<HTMLElement>(".now"))
      line.style.left = `${(BEFORE_MS * this.#pxPerMs).toFixed(1)}px`;
    this.#drawAxis(now, shift);
    this.#drawDots(state, now);
  }

  /** The bar of a task at a worker, for moving it there. */
  barOf(task: string): HTMLElement | null {
    return this.#container.querySelector<HTMLElement>(
      `li[data-task="${CSS.escape(task)}"]:last-of-type .bar`,
    );
  }

  #headWidth(): number {
    return Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--head"));
  }

  #color(id: string): number {
    const known = this.#colors.get(id);
    if (known !== undefined) return known;
    const color = this.#colors.size % COLORS;
    this.#colors.set(id, color);
    return color;
  }

  #makeLane(lane: LiveLane): HTMLElement {
    const element = make("div", "lane");
    element.setAttribute("role", "group");
    const color = this.#color(lane.id);
    element.style.setProperty("--color", `var(--c${color})`);
    element.style.setProperty("--color-text", `var(--t${color})`);
    const who = make("div", "who");
    const name = make("div", "name");
    name.append(make("span", "clip"));
    who.append(name, make("div", "what clip"), make("div", "acts"));
    const track = make("div", "track");
    const bars = make("ol", "bars");
    track.append(make("div", "now"), bars);
    element.append(who, track);
    return element;
  }

  #drawLane(element: HTMLElement, lane: LiveLane, from: number, now: number): void {
    const { name, own, prefetch, status } = lane;
    element.className = `lane ${status}`;
    element.setAttribute("aria-label", `${name}: ${laneStatus(lane, this.#state?.counting != null)}`);
    const label = element.querySelector(".name .clip");
    if (label !== null) {
      setText(label, name);
      label.setAttribute("title", name);
    }
    const what = element.querySelector<HTMLElement>(".what");
    const limit = lane.autoAck
      ? "automatic acks"
      : prefetch === null
        ? ""
        : prefetch === 0
          ? "no prefetch limit"
          : prefetch === 1
            ? ""
            : `prefetch ${prefetch}`;
    const about = [
      laneStatus(lane, this.#state?.counting != null),
      limit,
      own ? "" : "started elsewhere",
    ].filter((one) => one !== "");
    if (what !== null) {
      setText(what, about.join(" · "));
      what.title = about.join(" · ");
    }
    drawButtons(element.querySelector<HTMLElement>(".acts"), lane);
    const rows = rowsOf(lane, from);
    const most = Math.min(Math.max(1, ...rows.map(({ row }) => row + 1)), MOST_ROWS);
    const track = element.querySelector<HTMLElement>(".track");
    if (track !== null) track.style.minHeight = `${ABOVE * 2 + most * ROW - 4}px`;
    const bars = element.querySelector<HTMLElement>(".bars");
    if (bars === null) return;
    keyed(
      bars,
      rows,
      ({ bar }) => `${bar.task.id} ${bar.from}`,
      ({ bar }) => this.#makeBar(bar),
      (item, { bar, row }) => this.#drawBar(item, bar, row, lane, now),
    );
    this.#drawLeft(bars, lane);
    const buttons = [...bars.querySelectorAll<HTMLButtonElement>(".bar")];
    // One stop for the tab key a lane; the arrows go on from there.
    const stop = buttons.find((one) => one === document.activeElement) ?? buttons.at(-1);
    for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
  }

  #makeBar(bar: LiveBar): HTMLElement {
    const item = make("li");
    item.dataset["task"] = bar.task.id;
    const button = make("button", "bar");
    button.type = "button";
    button.append(
      make("span", "sign begin"),
      make("span", "clip", bar.task.text),
      make("span", "dots"),
      make("span", "sign end"),
    );
    // The label has them in words.
    for (const sign of button.querySelectorAll(".sign, .dots")) sign.setAttribute("aria-hidden", "true");
    item.append(button);
    return item;
  }

  #drawBar(item: HTMLElement, bar: LiveBar, row: number, lane: LiveLane, now: number): void {
    const { from, to, end, derived, begun, redelivered } = bar;
    const left = (from - this.#origin) * this.#pxPerMs;
    const width = Math.max(((to ?? now) - from) * this.#pxPerMs - 2, 3);
    item.style.left = `${left.toFixed(1)}px`;
    item.style.top = `${ABOVE + Math.min(row, MOST_ROWS - 1) * ROW}px`;
    item.style.width = `${width.toFixed(1)}px`;
    if (to === null) item.dataset["open"] = String(from);
    else delete item.dataset["open"];
    const button = item.firstElementChild as HTMLButtonElement;
    const kind = to === null ? (begun === null ? "held" : "open") : (end ?? "derived");
    button.className = `bar ${kind}${derived === null ? "" : " derived"}${width < 34 && to !== null ? " narrow" : ""}`;
    const [begin, text, dots, sign] = button.children;
    if (begin !== undefined) setText(begin, redelivered ? "↻" : "");
    if (text !== undefined) setText(text, bar.task.text);
    if (dots !== undefined && to !== null)
      setText(dots, width > 110 ? dotsText(bar.task.dots, bar.task.dots) : "");
    if (sign !== undefined) setText(sign, end === "failed" ? "✕" : end === "requeued" ? "↶" : "");
    const label = `'${bar.task.text}'${redelivered ? ", sent again" : ""}, at ${lane.name} from ${clock(from)}: ${begun === null ? "sent, not begun" : endSentence(bar)}`;
    if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
    const ask = () => this.#onAsk(bar, lane.name);
    button.onmouseenter = ask;
    button.onfocus = ask;
    button.onclick = ask;
  }

  /** Where a worker's lane breaks off. */
  #drawLeft(bars: HTMLElement, lane: LiveLane): void {
    const found = bars.querySelector<HTMLElement>(".end-mark");
    if (lane.left === null) {
      found?.remove();
      return;
    }
    const mark = found ?? bars.appendChild(make("li", "end-mark"));
    const { how, at } = lane.left;
    mark.className = `end-mark${how === "stopped" ? " calm" : ""}`;
    mark.style.left = `${((at - this.#origin) * this.#pxPerMs).toFixed(1)}px`;
    const words = { killed: "✕ killed", stopped: "stopped", gone: "gone", failed: "✕ ended with an error" }[
      how
    ];
    if (mark.textContent !== words) mark.replaceChildren(make("span", "", words));
  }

  #drawAxis(now: number, shift: number): void {
    const step = 5_000;
    const first = Math.ceil((now - BEFORE_MS) / step) * step;
    const ticks = Array.from({ length: Math.ceil(SPAN_MS / step) }, (_, at) => first + at * step).filter(
      (at) => at <= now,
    );
    keyed(
      this.#axis,
      ticks,
      String,
      (at) => make("span", "", clock(at)),
      (element, at) => {
        element.style.transform = `translateX(${((at - this.#origin) * this.#pxPerMs + shift).toFixed(1)}px)`;
      },
    );
  }

  /** The dots of tasks in hand go by. Those of a foreign worker do not: how long its dots are is not known. */
  #drawDots(state: LiveState, now: number): void {
    for (const lane of state.lanes) {
      if (lane.status === "gone") continue;
      for (const bar of heldBy(lane)) {
        const element = this.barOf(bar.task.id)?.querySelector(".dots");
        if (element === null || element === undefined) continue;
        const { dots } = bar.task;
        const gone =
          lane.dotMs === null || bar.begun === null || lane.status === "paused"
            ? 0
            : lane.dotMs === 0
              ? dots
              : Math.floor((now - bar.begun) / lane.dotMs);
        if (lane.status !== "paused" || element.textContent === "")
          setText(element, dotsText(dots, Math.min(gone, dots)));
      }
    }
  }
}

/** Bars that overlap have rows of their own. */
function rowsOf(lane: LiveLane, from: number): { bar: LiveBar; row: number }[] {
  const ends: number[] = [];
  return lane.bars
    .filter(({ to }) => to === null || to > from)
    .map((bar) => {
      const found = ends.findIndex((end) => end <= bar.from + SAME_MS);
      const row = found < 0 ? ends.length : found;
      ends[row] = bar.to ?? Number.POSITIVE_INFINITY;
      return { bar, row };
    });
}

function drawButtons(container: HTMLElement | null, { name, own, status }: LiveLane): void {
  if (container === null) return;
  const wanted =
    !own || status === "gone"
      ? []
      : [
          ["interrupt", "Ctrl-C"],
          ["kill", "kill -9"],
          status === "paused" ? ["resume", "Go on"] : ["pause", "Pause"],
        ];
  keyed(
    container,
    wanted,
    ([how = ""]) => how,
    ([how = "", text = ""]) => {
      const button = make("button", how === "kill" ? "bad" : "", text);
      button.type = "button";
      button.setAttribute("aria-label", `${text}: ${name}`);
      button.onclick = () => void act({ do: "worker", name, how });
      return button;
    },
    () => {},
  );
}

function moveFocus(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (!target.classList.contains("bar")) return;
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (way === undefined) return;
  const bars = [...(target.closest(".bars")?.querySelectorAll<HTMLElement>(".bar") ?? [])];
  bars[bars.indexOf(target) + way]?.focus();
  event.preventDefault();
}
