import { createReadStream } from "node:fs";

/**
 * Publishes the lines of a file, `window` of them unconfirmed at most, and waits for all confirms. `publish` takes a
 * body and a function to call at its confirm. A nack counts as a confirm here: it shows in the queue's count later.
 */
export async function publishLines(path, window, publish) {
  let unconfirmed = 0;
  let wake = () => {};
  const confirmed = () => {
    unconfirmed--;
    wake();
  };
  const nextConfirm = () =>
    new Promise((resolve) => {
      wake = resolve;
    });
  let rest = Buffer.alloc(0);
  for await (const read of createReadStream(path)) {
    const chunk = rest.length === 0 ? read : Buffer.concat([rest, read]);
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      unconfirmed++;
      publish(chunk.subarray(start, end), confirmed);
      start = end + 1;
      while (unconfirmed >= window) await nextConfirm();
    }
    rest = chunk.subarray(start);
  }
  while (unconfirmed > 0) await nextConfirm();
}
