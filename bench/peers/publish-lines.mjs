import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Publishes the lines of a file, `window` of them unconfirmed at most (0: no limit), and waits for all confirms.
 * `publish` takes a body, and a function to be called at its confirm.
 */
export async function publishLines(path, window, publish) {
  const most = window || Number.POSITIVE_INFINITY;
  let inFlight = 0;
  let wake = () => {};
  const below = async (number) => {
    while (inFlight >= number)
      await new Promise((resolve) => {
        wake = resolve;
      });
  };
  const confirmed = () => {
    inFlight--;
    wake();
  };
  for await (const line of createInterface({ input: createReadStream(path) })) {
    inFlight++;
    publish(Buffer.from(line), confirmed);
    if (inFlight >= most) await below(most);
  }
  await below(1);
}
