import { byId, setText } from "./dom.js";

/** Asks the server to do something for real; what is wrong with it is shown in the header. */
export async function act(request: object): Promise<void> {
  try {
    const response = await fetch("/act", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    if (!response.ok) throw new Error(await response.text());
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
  }
}

/** Shows a sentence in the header, which a screen reader reads out. */
export function note(text: string): void {
  setText(byId("notice"), text);
}
