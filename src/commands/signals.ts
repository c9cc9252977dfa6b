import { constants } from "node:os";

/** Emits signals: the process or, in a test, an EventEmitter. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"] as const;

/** npm passes on a Ctrl-C that the terminal has delivered already: a repeat this soon is the same one. In ms. */
const SAME_SIGNAL_MS = 100;

/** Calls `first` for the first stop signal and `second` for each later one; the result stops listening. */
export function onStopSignals(
  source: SignalSource,
  handlers: { first(signal: NodeJS.Signals): void; second(signal: NodeJS.Signals): void },
): () => void {
  let firstAt: number | undefined;
  const listener = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      handlers.first(signal);
    } else if (now - firstAt >= SAME_SIGNAL_MS) handlers.second(signal);
  };
  for (const signal of stopSignals) source.on(signal, listener);
  return () => {
    for (const signal of stopSignals) source.off(signal, listener);
  };
}

/** Exit code of a process ended by a signal: 128 plus the signal's number, 130 for SIGINT, 143 for SIGTERM. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}
