import assert from "node:assert/strict";
import { test } from "node:test";
import { drawSvg } from "#dist/timeline/draw-svg.js";
import type { Bar, Lane } from "#dist/timeline/timeline.js";
import { look, noChromium } from "../support/chromium.js";

const ends: Bar["end"][] = ["done", "killed", "lost", "aborted", "requeued", "open"];
const lanes: Lane[] = [
  { name: "broker", kind: "broker", bars: [{ label: "down", from: 0, to: 2, begin: "down", end: "back" }] },
  ...Array.from({ length: 7 }, (_, lane): Lane => {
    const bars = ends.map((end, at): Bar => {
      const begin = at % 2 === 0 ? "received" : "redelivered";
      return {
        label: `Task ${lane} ${at} 漢字 🐇 and so on, until it is too long`,
        from: at * 2,
        to: at * 2 + 2,
        begin,
        end,
      };
    });
    return { name: `worker-${lane + 1} 漢字`, kind: "worker", bars };
  }),
];
const svg = drawSvg("Which worker gets which task?", [
  { title: "A run: 12 s", timeline: { lanes, elapsed: 12, worked: 0 } },
]);

/** Of every text: what it says, its colour, the colour of what it stands on, and where it ends. */
const script = `[...document.querySelectorAll("text")].map((text) => {
  const on = text.closest("g")?.querySelector("rect") ?? document.querySelector(".ground");
  const place = text.getBoundingClientRect();
  const frame = document.querySelector("svg").getBoundingClientRect();
  return {
    said: text.textContent,
    ink: getComputedStyle(text).fill,
    ground: getComputedStyle(on).fill,
    inside: text.closest("g") !== null || (place.right <= frame.right && place.bottom <= frame.bottom),
  };
})`;

interface Text {
  said: string;
  ink: string;
  ground: string;
  inside: boolean;
}

/** WCAG 2.2's contrast ratio of two colours as browsers print them, `rgb(1, 2, 3)`. */
function contrast(one: string, other: string): number {
  const luminance = (color: string) => {
    const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map((value) => {
      const part = Number(value) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test("in a browser, light and dark, every text can be read and none leaves the picture", {
  skip: noChromium,
}, () => {
  const grounds = (["light", "dark"] as const).map((mode) => {
    const texts = look<Text[]>(svg, script, mode);
    assert.equal(texts.filter(({ said }) => said.startsWith("Task ")).length, 7 * ends.length);
    for (const { said, ink, ground, inside } of texts) {
      assert.ok(contrast(ink, ground) >= 4.5, `${mode}: ${said}: ${ink} on ${ground}`);
      assert.ok(inside, `${mode}: ${said}`);
    }
    return texts[0]?.ground;
  });
  assert.notEqual(grounds[0], grounds[1]);
});
