import type { TestContext } from "node:test";
import { LessonRun } from "#dist/lessons/harness/lesson-run.js";
import type { Lesson } from "#dist/lessons/lesson.js";
import { brokerUrl } from "../support/queue.js";

/** Plays a lesson, on the tests' broker where it does not kill it, and resolves with what it measured. */
export async function play<M>(
  t: TestContext,
  lesson: Lesson<M>,
  dotMs: number,
): Promise<{ measured: M; stage: LessonRun }> {
  const stop = new AbortController();
  const stage = await LessonRun.open({
    url: lesson.killsBroker ? undefined : brokerUrl,
    dotMs,
    signal: stop.signal,
    observer: { begins: () => {}, hears: () => {} },
  });
  t.after(() => stage.close());
  t.after(() => stop.abort());
  return { measured: await lesson.run(stage, { workers: 2, file: undefined, dotMs }), stage };
}
