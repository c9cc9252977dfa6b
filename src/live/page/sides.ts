import type { LiveState, Retrying } from "../ledger.js";
import { byId, clock, dotsText, keyed, make, setText } from "./dom.js";

/** So many tasks of the queue are drawn; the others are counted. */
const MOST_WAITING = 12;
const MOST_BELOW = 8;

/** Draws what stands around the lanes: senders, the queue, what waits for a retry, dead letters. */
export class Sides {
  readonly #waiting = byId("waiting");

  draw(state: LiveState, now: number): void {
    this.#drawSenders(state);
    this.#drawQueue(state);
    const { retrying, dead, counted } = state;
    setText(byId("retrying-count"), retrying.length.toLocaleString("en-US"));
    drawList(byId("retrying-list"), retrying, "None waits.", (one) => due(one, now));
    setText(byId("dead-count"), (counted?.dead ?? dead.length).toLocaleString("en-US"));
    drawList(
      byId("dead-list"),
      dead.toReversed(),
      counted?.dead ? "Those there are were here before." : "None.",
      ({ since }) => clock(since),
    );
  }

  /** The chip of a waiting task, for moving it. */
  chipOf(task: string): HTMLElement | null {
    return this.#waiting.querySelector<HTMLElement>(`[data-task="${CSS.escape(task)}"]`);
  }

  #drawSenders({ senders }: LiveState): void {
    const latest = senders.toSorted((a, b) => b.at - a.at).slice(0, 6);
    keyed(
      byId("sender-list"),
      latest,
      ({ id }) => id,
      () => {
        const item = make("li");
        item.append(make("span", "clip who"), make("span", "number"), make("span", "last"));
        return item;
      },
      (item, { name, sent, last }) => {
        const [who, number, text] = item.children;
        if (who !== undefined) setText(who, name);
        if (number !== undefined) setText(number, sent.toLocaleString("en-US"));
        if (text !== undefined) setText(text, last);
        item.title = `${name}: ${sent} sent, '${last}' last`;
      },
    );
    const list = byId("sender-list");
    if (latest.length === 0) {
      if (list.childElementCount === 0) list.append(make("li", "dim", "Nobody has sent anything yet."));
    } else for (const item of list.querySelectorAll(".dim")) item.remove();
  }

  #drawQueue({ waiting, unseen, counted, counting }: LiveState): void {
    const all = counting === null ? waiting.length + unseen : (counted?.ready ?? 0);
    setText(byId("ready"), all.toLocaleString("en-US"));
    const shown = counting === null ? waiting.slice(0, MOST_WAITING) : [];
    keyed(
      this.#waiting,
      shown,
      ({ task }) => task.id,
      ({ task }) => {
        const item = make("li", "chip");
        item.dataset["task"] = task.id;
        item.append(
          make("span", "sign"),
          make("span", "clip", task.text),
          make("span", "dots", dotsText(task.dots)),
        );
        return item;
      },
      (item, { task, returned }) => {
        item.className = returned ? "chip returned" : "chip";
        item.title = `'${task.text}'${returned ? ", back from a worker" : ""}`;
        const [sign] = item.children;
        if (sign !== undefined) setText(sign, returned ? "↶" : "");
      },
    );
    const rest = waiting.length - shown.length;
    const more = [
      counted?.exists === false ? "The queue does not exist yet: the first task or worker declares it." : "",
      counting === null && rest > 0 ? `and ${rest.toLocaleString("en-US")} more` : "",
      counting === null && unseen > 0
        ? `${rest > 0 ? "" : "and "}${unseen.toLocaleString("en-US")} whose text was not seen`
        : "",
      counting !== null ? "Too fast to show each." : "",
    ];
    setText(byId("more"), more.filter((one) => one !== "").join(", "));
  }
}

function due({ delayMs, since }: Retrying, now: number): string {
  if (delayMs === null) return "";
  const left = since + delayMs - now;
  return left > 0 ? `in ${Math.ceil(left / 1000)} s` : "due: back in the queue";
}

function drawList(
  list: HTMLElement,
  items: readonly Retrying[],
  none: string,
  when: (item: Retrying) => string,
): void {
  keyed(
    list,
    items.slice(0, MOST_BELOW),
    ({ task, since }) => `${task.id} ${since}`,
    ({ task }) => {
      const item = make("li");
      item.append(make("span", "when"), make("span", "clip", task.text), make("span", "reason"));
      return item;
    },
    (item, one) => {
      const [time, , reason] = item.children;
      if (time !== undefined) setText(time, when(one));
      const attempt = one.attempt === null ? "" : `attempt ${one.attempt}`;
      if (reason !== undefined)
        setText(reason, [attempt, one.reason ?? ""].filter((part) => part !== "").join(": "));
      item.title = `'${one.task.text}' ${reason?.textContent ?? ""}`;
    },
  );
  const note = list.querySelector(".none");
  const more = items.length - MOST_BELOW;
  const text = items.length === 0 ? none : more > 0 ? `and ${more} more` : "";
  if (text === "") note?.remove();
  else if (note === null) list.append(make("li", "none", text));
  else {
    setText(note, text);
    list.append(note);
  }
}
