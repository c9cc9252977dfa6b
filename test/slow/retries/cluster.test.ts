import { after, before, describe, test } from "node:test";
import { PrivateBroker } from "#dist/broker/private-broker.js";
import { noCluster } from "../../support/broker.js";
import { round, TASKS } from "./round.js";

describe("on a cluster of three", { skip: noCluster }, () => {
  let nodes: PrivateBroker[] = [];
  before(async () => {
    const joins = await PrivateBroker.start();
    nodes = [joins, await PrivateBroker.start({ joins }), await PrivateBroker.start({ joins })];
  });
  after(async () => {
    for (const node of nodes) await node.stop();
  });

  test(`${TASKS} tasks that fail one time in three, workers and a node killed: each is done or dead after all its attempts`, async (t) => {
    let next = 0;
    await round(t, {
      urls: nodes.map(({ url }) => url),
      type: "quorum",
      killBroker: async () => {
        const node = nodes[next++ % nodes.length];
        await node?.kill();
        await node?.restart();
      },
      saveDeclarations: () => {
        for (const node of nodes) node.saveDeclarations();
      },
    });
  });
});
