import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { Chalk } from "chalk";
import fc from "fast-check";
import stringWidth from "string-width";
import { printable } from "#dist/text/printable.js";
import { drawTimeline } from "#dist/timeline/draw-text.js";
import { legend } from "#dist/timeline/marks.js";
import type { Bar, Timeline } from "#dist/timeline/timeline.js";

const plain = new Chalk({ level: 0 });
const bar = (label: string, from: number, to: number, more: Partial<Bar> = {}): Bar => ({
  label: printable(label),
  from,
  to,
  begin: "received",
  end: "done",
  ...more,
});
/** A timeline of one lane per worker, four seconds long. */
const timeline = (lanes: Record<string, Bar[]>): Timeline => ({
  lanes: Object.entries(lanes).map(([name, bars]) => ({ name, kind: "worker", bars })),
  elapsed: 4,
  worked: 0,
});

test("a drawing has the time on top, a line per worker, and each bar where its task was", () => {
  const lanes = {
    w1: [bar("First.", 0, 1), bar("a", 3.8, 3.85), bar("c", 4, 4)],
    w2: [bar("漢字漢字..", 0, 1.2, { end: "aborted" }), bar("b", 3.9, 4, { end: "open" })],
    worker3: [bar("漢字漢字..", 1.5, 3.5, { begin: "redelivered" })],
    broker: [
      bar("down", 0, 1, { begin: "down", end: "back" }),
      bar("gone", 1, 2, { begin: "waiting", end: "lost" }),
      bar("cut", 2, 3, { end: "killed" }),
      bar("late", 3, 4, { end: "requeued" }),
    ],
  };
  assert.deepEqual(drawTimeline(timeline(lanes), 50, plain), [
    " time    0s        1s        2s        3s",
    " w1      ├First.──┤                            ││",
    " w2      ├漢字漢字..!                           ▸",
    " worker3                ↻漢字漢字..────────┤",
    " broker  ✗down┄┄┄┄↑          ├cut─────✗├late────↶",
    "                   ┄gone┄┄┄┄†",
  ]);
});

test("without anything to draw there is the axis alone", () => {
  assert.deepEqual(drawTimeline({ lanes: [], elapsed: 0, worked: 0 }, 80, plain), [" time 0s"]);
});

test("the labels of the time do not touch, however long the time", () => {
  for (const elapsed of [0.01, 7, 59, 3_599, 86_400, 2_205_608_181_459]) {
    const [axis = ""] = drawTimeline({ lanes: [], elapsed, worked: 0 }, 80, plain);
    assert.match(axis, /^ time 0s( +[\d.]+s)*$/, axis);
  }
});

// Texts that are hard to measure: wide, combining, joined, controlling, long.
const hard = fc.constantFrom(
  "漢",
  "🐇",
  "👩\u200d🌾",
  "👍🏽",
  "🇨🇭",
  "e\u0301",
  "カ\uff9e",
  "\x1b",
  "\u202e",
  "x",
);
const anyText = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: hard, maxLength: 30 }));
const second = fc.integer({ min: 0, max: 300 }).map((tenths) => tenths / 10);
const anyBar: fc.Arbitrary<Bar> = fc
  .record({
    label: anyText.map((text) => printable(text)),
    from: second,
    lasts: second,
    begin: fc.constantFrom("received", "redelivered", "waiting", "down", "sending"),
    end: fc.constantFrom("done", "aborted", "requeued", "killed", "lost", "back", "open"),
  })
  .map(({ lasts, ...bar }) => ({ ...bar, to: bar.from + lasts }));
const anyTimeline: fc.Arbitrary<Timeline> = fc
  .record({
    name: anyText,
    kind: fc.constantFrom("worker" as const, "broker" as const, "sender" as const),
    bars: fc.array(anyBar, { maxLength: 5 }),
  })
  .map((lane) => ({ lanes: [lane], elapsed: Math.max(0, ...lane.bars.map(({ to }) => to)), worked: 0 }));

test("no line of a drawing is wider than the terminal, and none has a character it would act on", () => {
  fc.assert(
    fc.property(anyTimeline, fc.integer({ min: 20, max: 200 }), (timeline, columns) => {
      const lines = drawTimeline(timeline, columns, plain);
      assert.ok(lines.length >= 2 && lines.length <= 9);
      for (const line of lines) {
        assert.ok(stringWidth(line) <= columns, `${stringWidth(line)} of ${columns}: ${line}`);
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }
    }),
    { numRuns: 300 },
  );
});

test("every worker is named in front of its bars, however many there are", () => {
  const names = Array.from({ length: 12 }, (_, at) => `worker-${at + 1}`);
  const lines = drawTimeline(
    timeline(Object.fromEntries(names.map((name) => [name, [bar("a", 0, 1)]]))),
    80,
    plain,
  );
  assert.deepEqual(
    lines.slice(1).map((line) => line.slice(0, line.indexOf("├")).trim()),
    names,
  );
});

test("a bar is as wide as its time, whatever its name and its worker's name", () => {
  fc.assert(
    fc.property(anyText, anyText, (name, worker) => {
      const lanes = [{ name: worker, kind: "worker" as const, bars: [bar(name, 0, 4)] }];
      const [, line = ""] = drawTimeline({ lanes, elapsed: 4, worked: 0 }, 80, plain);
      assert.equal(stringWidth(line), 79, line); // the last column stays free
    }),
    { numRuns: 200 },
  );
});

test("tasks at the same time lie in lines of their own, up to eight", () => {
  const at = (from: number) => bar("a", from, from + 2);
  assert.deepEqual(drawTimeline(timeline({ w1: [at(0), at(1), at(2)], w2: [at(0)] }), 46, plain), [
    " time 0s        1s        2s       3s",
    " w1   ├a─────────────────┤├a────────────────┤",
    "                ├a────────────────┤",
    " w2   ├a─────────────────┤",
  ]);
  const many = Array.from({ length: 20 }, () => at(1));
  assert.equal(drawTimeline(timeline({ w1: many }), 46, plain).length, 1 + 8);
});

test("a bar that begins under another one is drawn over it where there are more than eight, in its own columns and no others", () => {
  for (const text of ["long enough for its bar", "漢".repeat(18), "🐇".repeat(18), "カ\uff9e".repeat(12)])
    for (let column = 1; column < 30; column++) {
      const under = bar("b", column / 10, column / 10 + 0.7);
      const eight = Array.from({ length: 8 }, () => bar(text, 0, 4));
      const line = drawTimeline(timeline({ w1: [...eight, under] }), 47, plain).at(-1) ?? "";
      assert.equal(stringWidth(line), 46, line);
      assert.equal(stringWidth(line.slice(0, line.indexOf("├b────┤"))), 6 + column, line);
    }
});

test("colours change nothing but colours", () => {
  const drawn = timeline({ w1: [bar("a", 0, 4)], w2: [bar("b", 1, 3)] });
  const colored = drawTimeline(drawn, 80, new Chalk({ level: 3 }));
  assert.ok(colored.every((line) => line.includes("\x1b[")));
  assert.deepEqual(colored.map(stripVTControlCharacters), drawTimeline(drawn, 80, plain));
});

test("timelines that are to be compared are drawn on one scale", () => {
  const short = { ...timeline({ w1: [bar("a", 0, 2)] }), elapsed: 2 };
  const [, line = ""] = drawTimeline(short, 47, plain, 4);
  assert.equal(stringWidth(line), 6 + 20, line);
});

test("the legend has the marks that occur, each once", () => {
  const drawn = timeline({
    w1: [
      bar("a", 0, 1),
      bar("b", 1, 2, { end: "killed" }),
      bar("c", 2, 3, { begin: "waiting", end: "lost" }),
    ],
    w2: [bar("b", 2, 3, { begin: "redelivered" })],
  });
  assert.equal(
    legend([drawn, drawn])
      .map(({ mark, means }) => `${mark} ${means}`)
      .join(", "),
    "├ received, ↻ received again (redelivered), ┄ waited, not begun, ✗ killed, ┤ done, † lost",
  );
});
