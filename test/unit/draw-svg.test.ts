import assert from "node:assert/strict";
import { test } from "node:test";
import { Chalk } from "chalk";
import fc from "fast-check";
import { printable } from "#dist/text/printable.js";
import { drawSvg } from "#dist/timeline/draw-svg.js";
import { drawTimelines } from "#dist/timeline/draw-text.js";
import { begins, ends } from "#dist/timeline/marks.js";
import type { Bar, Lane, Timeline } from "#dist/timeline/timeline.js";
import { noXmlParser, parseXml } from "../support/xml.js";

const bar = (label: string, from: number, to: number, more: Partial<Bar> = {}): Bar => ({
  label,
  from,
  to,
  begin: "received",
  end: "done",
  ...more,
});
const timeline = (lanes: Record<string, Bar[]>, kind: Lane["kind"] = "worker"): Timeline => ({
  lanes: Object.entries(lanes).map(([name, bars]) => ({ name, kind, bars })),
  elapsed: 4,
  worked: 0,
});
/** Everything a reader of the picture reads. */
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, said = ""]) => said);
const only = (timeline: Timeline): string => drawSvg("A question?", [{ title: "", timeline }]);

test("a picture names its question, every lane, and every task once for each time it was in hand", () => {
  const svg = drawSvg("A question?", [
    {
      title: "First run: 4.0 s",
      timeline: timeline({ w1: [bar("a.", 0, 1)], w2: [bar("a.", 2, 4), bar("b.", 0, 1)] }),
    },
    { title: "Second run: 4.0 s", timeline: timeline({ w1: [bar("a.", 0, 4)] }) },
  ]);
  const count = (said: string) => texts(svg).filter((one) => one === said).length;
  assert.deepEqual([count("a."), count("b."), count("w1"), count("w2")], [3, 1, 2, 1]);
  for (const said of ["A question?", "First run: 4.0 s", "Second run: 4.0 s", "0 s", "1 s"])
    assert.ok(count(said) > 0, said);
});

test("a picture says in words what it shows", () => {
  const svg = only(
    timeline({
      w1: [bar("a.", 0, 1), bar("b.", 1, 2, { end: "killed" })],
      w2: [bar("b.", 2, 4, { begin: "redelivered" })],
    }),
  );
  assert.match(svg, /^<svg [^>]*role="img" aria-labelledby="title description">/);
  assert.match(svg, /<title id="title">A question\?<\/title>/);
  assert.match(svg, /<desc id="description">[^<]*w1: 1 done, 1 killed; w2: 1 done, 1 redelivered\.<\/desc>/);
});

test("a picture has colours for light and dark, and its legend has the marks that occur", () => {
  const svg = only(
    timeline({ w1: [bar("a.", 0, 4, { end: "killed" })], w2: [bar("a.", 2, 4, { begin: "redelivered" })] }),
  );
  assert.match(svg, /@media \(prefers-color-scheme:dark\)/);
  assert.deepEqual(texts(svg).slice(-3), [
    "a bar: one task, from received to acknowledged",
    "received again (redelivered)",
    "killed",
  ]);
});

test("a mark is the same in a terminal, in a picture and in their legends, and no two marks are alike", () => {
  const marks = [...new Set([...Object.values(begins), ...Object.values(ends)])];
  const alike = (key: "mark" | "icon" | "means") =>
    marks.map((mark) => mark[key]).filter((one) => one !== undefined);
  assert.equal(new Set(alike("means")).size, marks.length);
  assert.equal(new Set(alike("icon")).size, alike("icon").length);
  // Received and sent look the same; no timeline has both.
  assert.equal(new Set(alike("mark")).size, marks.length - 1);
  for (const [end, { icon, means, mark }] of Object.entries(ends)) {
    const drawn = timeline({ w1: [bar("a.", 0, 4, { end: end as Bar["end"] })] });
    const svg = only(drawn);
    if (icon === undefined) continue;
    assert.equal(svg.split(`<path d="${icon}"`).length, 3, `${end}: in its bar and in the legend`);
    assert.equal(texts(svg).at(-1), means);
    const lines = drawTimelines([{ title: "", timeline: drawn }], 80, new Chalk({ level: 0 }));
    assert.ok(lines[1]?.endsWith(mark) && lines.at(-1)?.endsWith(`${mark} ${means}`), lines.join("\n"));
  }
});

test("bars of a worker that does several tasks at a time lie under each other, not upon each other", () => {
  const tops = (bars: Bar[]) =>
    new Set(
      [...only(timeline({ w1: bars })).matchAll(/<g transform="translate\([\d.]+ ([\d.]+)\)">/g)].map(
        ([, y]) => y,
      ),
    );
  assert.equal(tops([bar("a", 0, 2), bar("b", 1, 3), bar("c", 2, 4)]).size, 2);
  assert.equal(tops([bar("a", 0, 2), bar("b", 2, 4)]).size, 1);
});

test("the labels of the time do not touch, however long the time", () => {
  for (const elapsed of [0.01, 7, 3_599, 2_205_608_181_459]) {
    const svg = drawSvg("", [{ title: "", timeline: { lanes: [], elapsed, worked: 0 } }]);
    const labels = [...svg.matchAll(/<text x="([\d.]+)" [^>]*class="axis dim">([\d.]+ s)</g)];
    assert.ok(labels.length > 0);
    let free = 0;
    for (const [, x, label = ""] of labels) {
      assert.ok(Number(x) >= free, `${label} at ${x}`);
      free = Number(x) + label.length * 6; // a digit of 11 px is some 6 px wide
    }
    assert.ok(free <= 830, String(free));
  }
});

test("the same timelines make the same picture", () => {
  const same = () => only(timeline({ w1: [bar("a.", 0, 1)], w2: [bar("b.", 1, 4)] }));
  assert.equal(same(), same());
});

const odd = fc.constantFrom(
  "漢",
  "🐇",
  "👩\u200d🌾",
  "&",
  "<",
  ">",
  '"',
  "]]>",
  "\x1b",
  "\u202e",
  "\ud800",
  "\ufffe",
  "\uffff",
  "x",
);
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: odd, maxLength: 20 }));
const second = fc.integer({ min: 0, max: 300 }).map((tenths) => tenths / 10);
const anyBar = fc
  .record({
    label: anyText.map((text) => printable(text)),
    from: second,
    lasts: second,
    begin: fc.constantFrom<Bar["begin"][]>("received", "redelivered", "waiting", "down", "sending"),
    end: fc.constantFrom<Bar["end"][]>("done", "aborted", "requeued", "killed", "lost", "back", "open"),
  })
  .map(({ lasts, ...bar }) => ({ ...bar, to: bar.from + lasts }));
const anyTimeline = fc
  .record({
    name: anyText,
    kind: fc.constantFrom<Lane["kind"][]>("worker", "broker", "sender"),
    bars: fc.array(anyBar, { maxLength: 6 }),
  })
  .map((lane) => ({ lanes: [lane], elapsed: Math.max(0, ...lane.bars.map(({ to }) => to)), worked: 0 }));

test("whatever the names are, the picture is well-formed XML", { skip: noXmlParser }, () => {
  const cases = fc.sample(fc.tuple(anyText, anyTimeline), 300);
  parseXml(cases.map(([title, timeline]) => drawSvg(title, [{ title, timeline }])));
  assert.throws(() => parseXml(["<svg>&</svg>"]));
});

test("no number in a picture is missing, whatever the times are", () => {
  fc.assert(
    fc.property(anyTimeline, (timeline) =>
      assert.doesNotMatch(
        only({
          ...timeline,
          lanes: timeline.lanes.map((lane) => ({
            ...lane,
            name: "w",
            bars: lane.bars.map((bar) => ({ ...bar, label: "a" })),
          })),
        }),
        /NaN|undefined|Infinity|(width|height|r[xy]?)="-\d/,
      ),
    ),
  );
});
