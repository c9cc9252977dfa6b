import { PrivateBroker } from "../broker/private-broker.js";
import { defaults } from "../engine/defaults.js";
import { WorkQueueError } from "../engine/errors.js";
import type { Terminal } from "../terminal/terminal.js";
import { printable } from "../text/printable.js";
import { onStopSignals } from "./signals.js";

/** Runs a private RabbitMQ until it is asked to stop; returns the exit code. */
export async function broker(
  { image, data }: { image: string | undefined; data: string | undefined },
  terminal: Terminal,
): Promise<number> {
  const { output, colors } = terminal;
  const stop = new AbortController();
  const stopped = new Promise<"stopped">((resolve) => {
    stop.signal.addEventListener("abort", () => resolve("stopped"));
  });
  const askedToStop = () => {
    if (!stop.signal.aborted) output.out("Stopping ...");
    stop.abort();
  };
  const stopListening = onStopSignals(process, { first: askedToStop, second: askedToStop });
  output.out(colors.out.dim("Starting a private RabbitMQ ..."));
  let running: PrivateBroker | undefined;
  try {
    running = await PrivateBroker.start({
      standardPorts: true,
      quorumByDefault: true, // so that the tutorials that declare a quorum queue find one, whichever was first
      image,
      data,
      signal: stop.signal,
    });
    for (const line of [...welcome(running), ending(data)]) output.out(line);
    const end = await Promise.race([stopped, running.ended()]);
    if (end === undefined)
      throw new WorkQueueError(
        "BROKER_ENDED",
        `RabbitMQ ended by itself. The end of its log:\n${running.logEnd()}`,
      );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await running?.stop();
    stopListening(); // only now: another Ctrl-C meanwhile changes nothing
  }
  output.out(
    data === undefined ? "Stopped, and its data removed." : `Stopped. Its data is in ${printable(data)}.`,
  );
  return 0;
}

function welcome({ url, adminUrl, description }: PrivateBroker): string[] {
  const standard = url === defaults.url;
  return [
    `RabbitMQ runs, from ${description}.`,
    `  AMQP URL  ${url}${standard ? "  (the commands' default)" : ""}`,
    `  Admin UI  ${adminUrl}`,
    "  Login     guest, password guest (from this machine only)",
    ...(standard
      ? []
      : ["RabbitMQ's usual ports are in use here, so in the other terminals:", `  export AMQP_URL=${url}`]),
  ];
}

const ending = (data: string | undefined): string =>
  data === undefined
    ? "Ctrl-C stops it and removes its data."
    : `Ctrl-C stops it. Its data stays in ${printable(data)}, for the next start with it.`;
