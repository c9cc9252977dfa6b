import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { BrokerUrl } from "#dist/engine/connection/broker-url.js";
import { publishAll, startConsumer } from "../../support/engine.js";

test("the broker is killed while 300 tasks wait for another attempt, just before they expire: every one comes back", async (t) => {
  const broker = await PrivateBroker.start();
  t.after(() => broker.stop());
  const queue = "waiting";
  const urls = [new BrokerUrl(broker.url)];
  const tasks = Array.from({ length: 300 }, (_, at) => `task-${at}`);
  await publishAll(["first", ...tasks], { queue, urls });
  const seen = new Set<string>();
  let isFirst = true;
  const { consumer, recorder } = startConsumer(t, {
    ...{ queue, urls, retry: [2_000], concurrency: 20, prefetch: 20 },
    handler: async ({ text = "" }, { attempt }) => {
      if (isFirst) {
        isFirst = false;
        throw new Error("declares the retry queue");
      }
      if (text === "first") return;
      if (attempt === 1) throw new Error("once");
      seen.add(text);
    },
  });
  await recorder.first("task-failed");
  broker.saveDeclarations();
  await recorder.until("all have failed once", () => recorder.all("task-failed").length > tasks.length);
  await sleep(1_900); // most are about to expire
  await broker.kill();
  await broker.restart();
  await recorder.until("all are done", () => tasks.every((task) => seen.has(task)));
  consumer.stop("done");
  await consumer.finished;
});
