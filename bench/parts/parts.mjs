import { backlog } from "./backlog.mjs";
import { concurrency } from "./concurrency.mjs";
import { dispatch } from "./dispatch.mjs";
import { drain } from "./drain.mjs";
import { memory } from "./memory.mjs";
import { publishPart } from "./publish.mjs";
import { start } from "./start.mjs";

/** The parts by the names they are asked for by, in the order they run in. */
export const parts = {
  publish: publishPart("classic"),
  "publish-quorum": publishPart("quorum"),
  drain,
  concurrency,
  start,
  memory,
  dispatch,
  backlog,
};
