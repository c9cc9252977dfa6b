import assert from "node:assert/strict";
import { test } from "node:test";
import { Waiting } from "#dist/lessons/harness/waiting.js";

test("waiting for what cannot come any more rejects, unless it has come", async () => {
  const waiting = new Waiting();
  let [come, over] = [false, false];
  const until = () =>
    waiting.until(
      () => come,
      () => over,
    );
  const first = until();
  over = true;
  waiting.check();
  await assert.rejects(first, /over before anything could be killed/);
  come = true;
  await until();
});

test("a failure ends all waiting, with the first reason", async () => {
  const waiting = new Waiting();
  const first = waiting.until(() => false);
  const second = waiting.until(() => false);
  waiting.fail(new Error("first"));
  waiting.fail(new Error("second"));
  await assert.rejects(first, /first/);
  await assert.rejects(second, /first/);
  await assert.rejects(
    waiting.until(() => true),
    /first/,
  );
});
