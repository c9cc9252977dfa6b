/** The few things that the page does with elements; text from outside becomes text nodes only. */

/** The element of the page with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found as T;
}

/** Makes an element with a class and text. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

/** Sets text where it differs: writing the same would move a screen reader, and select nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const keys = new WeakMap<Element, string>();

/** Makes a container's children those of the items, in order; one that is there already, by its key, is kept. */
export function keyed<T, E extends HTMLElement>(
  container: HTMLElement,
  items: readonly T[],
  keyOf: (item: T) => string,
  create: (item: T) => E,
  update: (element: E, item: T) => void,
): void {
  const there = new Map<string, E>();
  for (const child of [...container.children]) {
    const key = keys.get(child);
    if (key !== undefined) there.set(key, child as E);
  }
  let before: Element | null = null;
  for (const item of items) {
    const key = keyOf(item);
    const found = there.get(key);
    there.delete(key);
    const element = found ?? create(item);
    if (found === undefined) keys.set(element, key);
    update(element, item);
    const place: Element | null = before === null ? container.firstElementChild : before.nextElementSibling;
    if (place !== element) container.insertBefore(element, place);
    before = element;
  }
  for (const left of there.values()) left.remove();
}

/** Whether its reader wants less motion. */
export const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** `●●○`: dots that have gone by, and those to come; of many, their number. */
export function dotsText(dots: number, gone = 0): string {
  if (dots === 0) return "";
  if (dots > 12) return `${gone > 0 ? `${gone} of ` : ""}${dots.toLocaleString("en-US")} dots`;
  return "●".repeat(Math.min(gone, dots)) + "○".repeat(Math.max(dots - gone, 0));
}

/** `14:51:38`. */
export const clock = (at: number): string => new Date(at).toLocaleTimeString("en-GB");
