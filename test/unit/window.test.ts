import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Window } from "#dist/engine/publish/window.js";

test("things taken out in any order: each once, by its number; the rest is there in its order", () => {
  const steps = fc.array(fc.oneof(fc.constant("add" as const), fc.nat(40)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (steps) => {
      const numbered = new Window<{ number: number }>();
      const model = new Map<number, { number: number }>();
      let added = 0;
      for (const step of steps) {
        if (step === "add") {
          assert.equal(numbered.next, added + 1);
          const thing = { number: ++added };
          numbered.add(thing);
          model.set(thing.number, thing);
        } else {
          assert.equal(numbered.take(step), model.get(step));
          model.delete(step);
        }
        assert.deepEqual([...numbered], [...model.values()]);
        assert.equal(numbered.size, model.size);
        assert.equal(numbered.first, [...model.keys()][0] ?? added + 1);
      }
    }),
  );
});
