import { after, before, test } from "node:test";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { assertRound, scenes } from "./scene.js";

// Those of one node, on one broker; those of three are in cluster.test.ts.

let broker: PrivateBroker;
before(async () => {
  broker = await PrivateBroker.start();
});
after(() => broker.stop());

for (const scene of scenes.filter(({ nodes }) => nodes === 1))
  test(scene.title, async (t) => {
    await assertRound(t, scene, [broker]);
  });
