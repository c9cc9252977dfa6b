import type { Terminal } from "./terminal.js";

/** How long a command whose work is over may take to end, in ms. */
const PATIENCE_MS = 5_000;

/**
 * Names what keeps the process alive, should it still be there some seconds after its work: it ends by
 * itself, so anything that is left open is a defect. Does not keep it alive itself.
 */
export function watchEnding({ stdout, stderr }: Pick<Terminal, "stdout" | "stderr">): void {
  const look = () => {
    // A slow reader of the output is no defect.
    if (stdout.writableLength === 0 && stderr.writableLength === 0) {
      const open = process.getActiveResourcesInfo();
      stderr.write(
        `The work is over, but this process is kept alive by: ${[...new Set(open)].join(", ")}.\n`,
      );
      return;
    }
    setTimeout(look, PATIENCE_MS).unref();
  };
  setTimeout(look, PATIENCE_MS).unref();
}
