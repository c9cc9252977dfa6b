import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration, shortString, wholeNumber } from "#dist/bin/parse.js";

const usage = { name: "WorkQueueError", code: "USAGE" };

test("a duration is a number and a unit, and becomes milliseconds", () => {
  const cases = {
    "250ms": 250,
    "0ms": 0,
    "0": 0,
    "1s": 1_000,
    "1.5s": 1_500,
    ".5s": 500,
    "90s": 90_000,
    "5m": 300_000,
    "1.5m": 90_000,
    "2h": 7_200_000,
    "596h": 2_145_600_000,
  };
  for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
});

test("a duration without a unit, or that is none, is refused with the forms that are understood", () => {
  const expected = { ...usage, message: /250ms, 1s, 5m or 2h/ };
  const refused = ["5", "1.5", "", " ", "-1s", "+1s", "1d", "1S", "1 s", " 1s", "1s ", "1s1", "1,5s", "1.s"];
  for (const text of [...refused, "s", "ms", "1e3s", "0x1s", "Infinitys", "1s\n", "١s", "00"])
    assert.throws(() => parseDuration(text), expected, JSON.stringify(text));
});

test("a duration longer than Node's timers can wait is refused", () => {
  for (const text of ["597h", "35791.5m", "2147483648ms", "8760h"])
    assert.throws(() => parseDuration(text), { ...usage, message: /596h/ }, text);
});

test("a queue name with a line break is refused: the broker would take it out", () => {
  for (const text of ["a\nb", "a\r"])
    assert.throws(() => shortString(text), { ...usage, message: /line breaks/ });
});

test("a duration is whole milliseconds: AMQP and timers have no less", () => {
  for (const text of ["1.5ms", ".5ms", "0.0001s", "1.0005s", "0.00001m"])
    assert.throws(() => parseDuration(text), { ...usage, message: /whole number of milliseconds/ }, text);
  // Some of these are not whole in binary.
  for (let ms = 0; ms <= 10_000; ms++) assert.equal(parseDuration(`${(ms / 1_000).toFixed(3)}s`), ms);
  assert.equal(parseDuration("595.9999h"), 2_145_599_640);
  assert.equal(parseDuration("1.0ms"), 1);
});

test("a duration shorter than the shortest that makes sense is refused with that", () => {
  for (const text of ["0", "0ms", "0h"])
    assert.throws(() => parseDuration(text, 1), { ...usage, message: /at least 1ms/ }, text);
  assert.equal(parseDuration("1ms", 1), 1);
});

test("a whole number is taken from its least to its most, both included", () => {
  const parse = wholeNumber(1, 65_535);
  for (const text of ["1", "2", "65535", "007"]) assert.equal(parse(text), Number(text));
  assert.equal(wholeNumber(0, 9)("0"), 0);
});

test("what is no whole number, or not in the range, is refused with the range", () => {
  const parse = wholeNumber(1, 65_535);
  for (const text of ["0", "65536", "-1", "+1", "1.0", "1e2", "0x1", "", " 1", "1\n", "one", "9".repeat(400)])
    assert.throws(() => parse(text), { ...usage, message: /1 to 65535/ }, JSON.stringify(text));
});

test("a short string holds up to 255 bytes of UTF-8, whatever its number of characters", () => {
  const longest = ["a".repeat(255), `${"é".repeat(127)}a`, "漢".repeat(85), `${"🐇".repeat(63)}abc`];
  for (const text of longest) {
    assert.equal(shortString(text), text);
    assert.throws(() => shortString(`${text}a`), { ...usage, message: /255 bytes/ });
  }
});

test("an empty short string is refused", () => {
  assert.throws(() => shortString(""), { ...usage, message: /empty/ });
});
