import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Task } from "#dist/engine/task.js";
import { readEvent } from "#dist/timeline/event-log.js";
import { buildTimeline } from "#dist/timeline/timeline.js";

const at = "2026-01-01T00:00:00.000Z";

test("an event reads back as what was printed", () => {
  for (const body of [Buffer.from("First. 漢"), Buffer.from([0xff, 0x2e])]) {
    const event = {
      event: "task-received",
      at: new Date(at),
      name: "w",
      task: new Task("id", body),
      redelivered: true,
    };
    assert.deepEqual(readEvent(JSON.stringify(event)), event);
  }
  const consuming = {
    event: "consuming",
    at: new Date(at),
    name: "w",
    queue: "q",
    prefetch: 1,
    autoAck: false,
  };
  assert.deepEqual(readEvent(JSON.stringify(consuming)), consuming);
});

test("a line that is no event is none, whatever it has of one", () => {
  const lines = [
    ...["", "{", "null", "3", '"text"', "[]", "{}", " [x] Received 'First message.'"],
    ...[
      { event: "x", name: "w" },
      { event: "x", name: "w", at: "yesterday" },
      { event: 1, name: "w", at },
    ].map((json) => JSON.stringify(json)),
    ...[undefined, 3, {}, { id: 3, text: "t" }, { id: "i", text: 3 }, { id: "i" }].map((task) =>
      JSON.stringify({ event: "task-done", name: "w", at, task }),
    ),
  ];
  for (const line of lines) assert.equal(readEvent(line), undefined, line);
});

test("no line, however odd, keeps the others from being drawn", () => {
  const odd = fc.record({
    event: fc.oneof(fc.string(), fc.constantFrom("task-received", "task-done", "consuming", "connected")),
    name: fc.string(),
    at: fc.constant(at),
    task: fc.oneof(fc.jsonValue(), fc.record({ id: fc.string(), text: fc.string() })),
  });
  fc.assert(
    fc.property(fc.array(odd), (events) => {
      const read = events
        .map((event) => readEvent(JSON.stringify(event)))
        .filter((event) => event !== undefined);
      buildTimeline(read);
    }),
  );
});
