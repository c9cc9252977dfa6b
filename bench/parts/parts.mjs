import { backlog } from "./backlog.mjs";
import { dispatch } from "./dispatch.mjs";
import { dots } from "./dots.mjs";
import { drainPart } from "./drain.mjs";
import { memory } from "./memory.mjs";
import { properties } from "./properties.mjs";
import { publishPart } from "./publish.mjs";
import { start } from "./start.mjs";

/** The parts by name, in the order they run in. */
export const parts = {
  publish: publishPart("classic"),
  "publish-quorum": publishPart("quorum"),
  drain: drainPart(1, 0.97),
  "drain-100": drainPart(100, 0.95),
  dots,
  start,
  memory,
  dispatch,
  backlog,
  properties,
};
