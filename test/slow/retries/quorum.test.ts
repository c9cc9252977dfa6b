import { test } from "node:test";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { round, TASKS } from "./round.js";

test(`${TASKS} tasks that fail one time in three, on a quorum queue, workers and broker killed: each is done or dead after all its attempts`, async (t) => {
  const broker = await PrivateBroker.start();
  t.after(() => broker.stop());
  await round(t, {
    urls: [broker.url],
    type: "quorum",
    killBroker: async () => {
      await broker.kill();
      await broker.restart();
    },
    saveDeclarations: () => broker.saveDeclarations(),
  });
});
