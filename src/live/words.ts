import { heldBy, type LiveBar, type LiveLane, type LiveState, type Step, type Why } from "./ledger.js";
import type { Derived } from "./live-event.js";

/** Sentences about what was seen; each is true of the state it is made of. Nothing of Node is in it. */

const plural = (number: number, noun: string): string =>
  `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;

const seconds = (ms: number): string => `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

const short = (text: string): string => (text.length > 32 ? `${text.slice(0, 31)}…` : text);

const derivedWords: Record<Derived, string> = {
  "next delivery": "its worker was sent the next one",
  count: "the broker counts fewer unacknowledged tasks",
  "worker gone": "its worker is gone",
  redelivered: "it was sent again, marked as redelivered",
  "auto-ack": "with automatic acks, sent counts as done",
};

/** Why a task went to this worker: "worker-2 was free; worker-1 held 'Third message...'". */
export function whySentence(name: string, { held, free, busy }: Why): string {
  const self =
    held === 0 ? `${name} was free` : `${name} held ${plural(held, "task")} and may hold more (prefetch)`;
  const others = busy.slice(0, 4).map((one) => `${one.name} held '${short(one.text)}'`);
  if (busy.length > 4) others.push(`${busy.length - 4} more were busy`);
  const alsoFree =
    free.length === 0
      ? ""
      : `; so ${free.length === 1 ? "was" : "were"} ${list(free.slice(0, 4))}${free.length > 4 ? " and others" : ""}, and the broker takes the one that has waited longest`;
  return `${self}${held === 0 ? alsoFree : ""}${others.length === 0 ? "" : `; ${list(others)}`}.`;
}

const endWords = { done: "done", requeued: "back in the queue", failed: "failed" } as const;

/** How a bar ended, or that it has not. */
export function endSentence(bar: LiveBar): string {
  const { to, end, derived, from } = bar;
  if (to === null) return "not ended";
  if (end === null) return "what became of it was not seen";
  if (derived === null) return `${endWords[end]} after ${seconds(to - from)}`;
  return `${endWords[end]} by now, at most ${seconds(to - from)}: ${derivedWords[derived]}`;
}

const stepWords: Record<Step["what"], string> = {
  published: "published",
  delivered: "sent to",
  begun: "begun by",
  done: "done",
  requeued: "back in the queue",
  failed: "failed",
  retry: "waits to be tried again",
  dead: "dead letter",
  gone: "gone: expired or purged",
};

/** One step in a task's life, without its time. */
export function stepSentence({ what, name, derived }: Step): string {
  const who =
    what === "published" ? ` by ${name}` : what === "delivered" || what === "begun" ? ` ${name}` : "";
  return `${stepWords[what]}${who}${derived === null ? "" : ` (not seen; ${derivedWords[derived]})`}`;
}

/** What a worker is doing, in a few words. @param counting whether there are only counts */
export function laneStatus(lane: LiveLane, counting = false): string {
  if (lane.status === "gone") {
    const how = { stopped: "stopped", killed: "killed", gone: "gone", failed: "ended with an error" }[
      lane.left?.how ?? "gone"
    ];
    return lane.left?.derived === true ? `${how} (not seen)` : how;
  }
  if (counting) return `${lane.delivered.toLocaleString("en-US")} sent to it`;
  const held = heldBy(lane);
  const what =
    held.length === 0
      ? "free"
      : held.length === 1
        ? `holds '${short(held[0]?.task.text ?? "")}'`
        : `holds ${plural(held.length, "task")}`;
  if (lane.status === "paused") return `paused, ${what}`;
  if (lane.status === "stopping") return `stopping, ${what}`;
  return what;
}

/** The answer to the course's question, measured; undefined: there is nothing to say yet. */
export function whoGetsWhat(state: LiveState): string | undefined {
  const { toFree, toHolding, whileOthersBusy, outOfTurn } = state.choices;
  const all = toFree + toHolding;
  if (state.counting !== null || all === 0) return undefined;
  const shares = state.lanes
    .filter(({ delivered }) => delivered > 0)
    .map(({ name, delivered }) => `${name} ${delivered.toLocaleString("en-US")}`);
  const parts = [
    `${plural(all, "delivery").replace("deliverys", "deliveries")}: ${list(shares.slice(0, 8))}.`,
  ];
  if (toHolding === 0)
    parts.push(
      whileOthersBusy === 0
        ? "Each went to a free worker."
        : `Each went to a free worker, ${whileOthersBusy === all ? "all" : whileOthersBusy} of them while another was busy.`,
    );
  else
    parts.push(
      `${toFree} went to a free worker, ${toHolding} to one that held tasks already: its prefetch allows more.`,
    );
  if (state.lanes.length > 1)
    parts.push(
      outOfTurn === 0
        ? "So far that is the same as taking turns; tasks of different length would show the difference."
        : `Taking turns would have sent ${outOfTurn} of them to another worker.`,
    );
  return parts.join(" ");
}

/** What there was in all. */
export function totalsSentence({ totals, began }: LiveState): string {
  if (totals.published + totals.delivered === 0) return "";
  const { published, delivered, redelivered, done, about } = totals;
  const again = redelivered === 0 ? "" : `, ${redelivered.toLocaleString("en-US")} of them again`;
  return `Since ${new Date(began).toLocaleTimeString("en-GB")}: ${about ? "about " : ""}${plural(published, "task")} published, ${delivered.toLocaleString("en-US")} sent to workers${again}, ${done.toLocaleString("en-US")} known to be done.`;
}

/** "What did I see?", as text to paste. */
export function whatWasSeen(state: LiveState): string {
  const { about, totals, lanes, senders, retrying, dead } = state;
  const lines: string[] = [];
  const span = state.at - state.began;
  lines.push(
    `Queue '${about?.queue ?? ""}' on ${about?.broker ?? ""} (${about?.version ?? ""}), ${seconds(span)} until ${new Date(state.at).toLocaleString("en-GB")}`,
  );
  lines.push("");
  lines.push(
    `${plural(totals.published, "task")} published by ${plural(senders.length, "sender")}; ${totals.delivered.toLocaleString("en-US")} sent to workers, ${totals.redelivered.toLocaleString("en-US")} of them again (redelivered); ${totals.done.toLocaleString("en-US")} done${totals.derived > 0 ? ` (${totals.derived.toLocaleString("en-US")} not seen but concluded)` : ""}.`,
  );
  const waiting = state.counted?.ready ?? state.waiting.length;
  lines.push(
    `${plural(waiting, "task")} waiting now${retrying.length > 0 ? `, ${retrying.length} to be tried again` : ""}${dead.length > 0 ? `, ${plural(dead.length, "dead letter")}` : ""}.`,
  );
  const answer = whoGetsWhat(state);
  if (answer !== undefined) lines.push(answer);
  for (const lane of lanes) {
    lines.push("");
    const prefetch =
      lane.prefetch === null
        ? "prefetch not known"
        : lane.prefetch === 0
          ? "no prefetch limit"
          : `prefetch ${lane.prefetch}`;
    lines.push(`${lane.name} (${prefetch}${lane.own ? "" : ", started elsewhere"}): ${laneStatus(lane)}`);
    for (const bar of lane.bars.slice(-20)) {
      const at = seconds(bar.from - state.began);
      lines.push(
        `  ${at.padStart(8)}  '${bar.task.text}'${bar.redelivered ? " (redelivered)" : ""}: ${endSentence(bar)}`,
      );
    }
  }
  for (const one of dead)
    lines.push("", `Dead letter '${one.task.text}'${one.reason === null ? "" : `: ${one.reason}`}`);
  lines.push(
    "",
    '"By now" and "not seen": RabbitMQ does not report acks; these ends are concluded from what came later.',
  );
  return lines.join("\n");
}
