import { brokerRestart } from "./broker-restart.js";
import { confirms } from "./confirms.js";
import { fairDispatch } from "./fair-dispatch.js";
import { forgottenAck } from "./forgotten-ack.js";
import type { Lesson } from "./lesson.js";
import { poisonTask } from "./poison-task.js";
import { scaleOut } from "./scale-out.js";
import { shareTheWork } from "./share-the-work.js";
import { workerCrash } from "./worker-crash.js";

/** Every lesson, in the order in which they are listed, which is that of docs/lessons.md. */
export const lessons: readonly Lesson[] = [
  shareTheWork,
  workerCrash,
  forgottenAck,
  fairDispatch,
  brokerRestart,
  confirms,
  scaleOut,
  poisonTask,
];
