import { brokerRestart } from "./broker-restart.js";
import { confirms } from "./confirms.js";
import { fairDispatch } from "./fair-dispatch.js";
import type { Lesson } from "./lesson.js";
import { scaleOut } from "./scale-out.js";
import { shareTheWork } from "./share-the-work.js";
import { workerCrash } from "./worker-crash.js";

/** Every lesson, in the order in which they are listed. */
export const lessons: readonly Lesson[] = [
  shareTheWork,
  fairDispatch,
  workerCrash,
  brokerRestart,
  confirms,
  scaleOut,
];
