import { calm } from "./dom.js";

const FLIGHT_MS = 320;

/** More at once would only flicker. */
const MOST_AT_ONCE = 8;

/** Where something stands, and how it looks. */
export interface Seat {
  rect: DOMRect;
  text: string;
  className: string;
}

export const seatOf = (element: HTMLElement | null): Seat | undefined =>
  element === null
    ? undefined
    : { rect: element.getBoundingClientRect(), text: element.textContent ?? "", className: "chip flight" };

/** Moves a task from one place to another. */
export function fly(from: Seat, to: DOMRect): void {
  if (calm.matches || document.hidden || document.querySelectorAll(".flight").length >= MOST_AT_ONCE) return;
  const ghost = document.createElement("div");
  ghost.className = from.className;
  ghost.setAttribute("aria-hidden", "true");
  ghost.textContent = from.text;
  Object.assign(ghost.style, {
    left: `${from.rect.left}px`,
    top: `${from.rect.top}px`,
    width: `${from.rect.width}px`,
    height: `${from.rect.height}px`,
  });
  document.body.append(ghost);
  const [dx, dy] = [to.left - from.rect.left, to.top - from.rect.top];
  ghost
    .animate([{ transform: "none" }, { transform: `translate(${dx}px, ${dy}px)`, opacity: 0.6 }], {
      duration: FLIGHT_MS,
      easing: "cubic-bezier(0.3, 0, 0.2, 1)",
    })
    .finished.finally(() => ghost.remove());
}
