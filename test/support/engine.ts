import type { TestContext } from "node:test";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { type ConsumeOptions, Consumer } from "#dist/engine/consume/consumer.js";
import { defaults } from "#dist/engine/defaults.js";
import type { PublishTotals, WorkTotals } from "#dist/engine/events.js";
import type { PublishOptions } from "#dist/engine/publish/publisher.js";
import { publish } from "#dist/engine/publish/publisher.js";
import { workDots } from "#dist/work/dots.js";
import { brokerUrl } from "./queue.js";
import { Recorder } from "./recorder.js";

/** Publishes tasks with the engine, those of an array at once; `recorder` has its events. */
export async function publishAll(
  tasks: Iterable<string> | AsyncIterable<string | readonly string[]>,
  options: Partial<PublishOptions> & { queue: string },
  recorder = new Recorder(),
): Promise<{ totals: PublishTotals; recorder: Recorder }> {
  async function* inputs() {
    let line = 0;
    for await (const some of tasks)
      yield [some].flat().map((task) => ({ body: Buffer.from(task), line: ++line }));
  }
  const totals = await publish(inputs(), {
    urls: [new BrokerUrl(brokerUrl)],
    queueType: undefined,
    name: "test-publisher",
    waitMs: 0,
    persistent: true,
    ttlMs: undefined,
    confirmTimeoutMs: 30_000,
    report: recorder.report,
    signal: new AbortController().signal,
    ...options,
  });
  return { totals, recorder };
}

/** Starts a worker whose dots take no time unless another handler is given; stopped with the test. */
export function startConsumer(
  t: TestContext | undefined,
  options: Partial<ConsumeOptions> & { queue: string },
): { consumer: Consumer; recorder: Recorder } {
  const recorder = new Recorder();
  const consumer = new Consumer({
    urls: [new BrokerUrl(brokerUrl)],
    queueType: undefined,
    name: "test-worker",
    waitMs: 0,
    concurrency: 1,
    prefetch: options.concurrency ?? 1,
    autoAck: false,
    consumerTimeoutMs: undefined,
    maxTasks: undefined,
    exitWhenEmpty: false,
    retry: defaults.retryMs,
    report: recorder.report,
    handler: workDots(0),
    ...options,
  });
  t?.after(async () => {
    consumer.stopNow("the test is over");
    await consumer.finished.catch(() => {});
  });
  return { consumer, recorder };
}

/** Works a queue until it is empty. */
export async function workAll(
  options: Partial<ConsumeOptions> & { queue: string },
): Promise<{ totals: WorkTotals; recorder: Recorder }> {
  const { consumer, recorder } = startConsumer(undefined, { exitWhenEmpty: true, ...options });
  return { totals: await consumer.finished, recorder };
}

/** A handler's gate: tasks wait at it until it is opened. */
export class Gate {
  #open = () => {};
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }

  /** A handler that waits for the gate, or for its task's end. */
  readonly handler: ConsumeOptions["handler"] = (_task, { signal }) =>
    Promise.race([
      this.#opened,
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ]);
}
