import type { LiveBar, LiveState } from "../ledger.js";
import { endSentence, stepSentence, whySentence } from "../words.js";
import { byId, clock, make } from "./dom.js";

/** Answers why a task went to its worker, and tells its life. */
export function drawWhy(bar: LiveBar, name: string, state: LiveState): void {
  const { task, redelivered, why } = bar;
  const box = byId("why");
  const life = make("ol");
  for (const step of state.lives[task.id] ?? [])
    life.append(make("li", "", `${clock(step.at)} ${stepSentence(step)}`));
  const dots = `${task.dots} dot${task.dots === 1 ? "" : "s"}, ${task.bytes.toLocaleString("en-US")} bytes`;
  box.replaceChildren(
    make("p", "task", `'${task.text}'`),
    make(
      "p",
      "because",
      `${whySentence(name, why)}${redelivered ? " It had been sent before, and was marked as redelivered." : ""}`,
    ),
    make(
      "p",
      "dim",
      `${dots}; ${bar.begun === null && bar.to === null ? "sent, not begun" : endSentence(bar)}.`,
    ),
    life,
  );
}
