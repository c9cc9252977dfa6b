import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printable, printableBody, printableJson } from "#dist/text/printable.js";

/** Control, format, line and paragraph separators, halves of surrogate pairs (Unicode general categories). */
const hostile = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Any string at all: hostile characters often, lone surrogates too. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\x1b", "\r", "\n", "\0", "\x9b", "\u202e", "\u2028", "\u200d", "\ud83d", "\udc07"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
  maxLength: 500,
});

test("what a terminal would act on is shown as an escape", () => {
  const cases: [text: string, shown: string][] = [
    ["\x1b[2J", "\\x1b[2J"],
    ["\x1b]52;c;ZXZpbA==\x07", "\\x1b]52;c;ZXZpbA==\\x07"],
    ["\x1b]8;;http://x\x1b\\link", "\\x1b]8;;http://x\\x1b\\link"],
    ["\x07", "\\x07"],
    ["a\r [x] Done", "a\\x0d [x] Done"],
    ["a\nb", "a\\x0ab"],
    ["a\tb", "a\\x09b"],
    ["\0", "\\x00"],
    ["\x7f", "\\x7f"],
    ["\x9b2J", "\\x9b2J"],
    ["\x85", "\\x85"],
    ["\u202egnp.exe", "\\u{202e}gnp.exe"],
    ["\u2066", "\\u{2066}"],
    ["\u2028\u2029", "\\u{2028}\\u{2029}"],
    ["a\u200db", "a\\u{200d}b"],
    ["\ufeff", "\\u{feff}"],
    ["\xad", "\\xad"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud83d!", "\\u{d83d}!"],
    ["\udc07\ud83d", "\\u{dc07}\\u{d83d}"],
  ];
  for (const [text, shown] of cases) assert.equal(printable(text), shown);
});

test("harmless text is shown as it is", () => {
  const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => 0x20 + at));
  for (const text of [ascii, "", "漢字かな", "Żółć", "مرحبا", "e\u0301", "🐇🥕", "👍🏽", "☃\ufe0f"])
    assert.equal(printable(text), text);
});

test("no character a terminal could act on gets through, and no text is longer than the limit and a mark", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 300 }), (text, longest) => {
      const shown = printable(text, longest);
      assert.doesNotMatch(shown, hostile);
      assert.ok(shown.length <= longest + 1, `${shown.length} characters`);
      assert.ok(shown.length <= longest || shown.endsWith("…"));
    }),
    { numRuns: 500 },
  );
});

test("text without anything hostile is shown unchanged up to the limit, and cut and marked beyond", () => {
  assert.equal(printable("x".repeat(200)), "x".repeat(200));
  assert.equal(printable("x".repeat(201)), `${"x".repeat(200)}…`);
  assert.equal(printable("abcdef", 3), "abc…");
  assert.equal(printable("ab\n", 6), "ab\\x0a");
  assert.equal(printable("ab\n", 5), "ab…", "an escape is shown whole or not at all");
  assert.equal(printable("a🐇🐇", 4), "a🐇…", "and so is a surrogate pair");
});

test("a body that is UTF-8 is shown as that", () => {
  for (const text of ["", "First message.", "漢字…", "🐇"])
    assert.equal(printableBody(Buffer.from(text)), text);
  assert.equal(printableBody(Buffer.from("\ufeffa\x1b")), "\\u{feff}a\\x1b");
});

test("a body that is not UTF-8 is shown byte by byte", () => {
  assert.equal(printableBody(Buffer.from("caf\xe9 \x1b~", "latin1")), "caf\\xe9 \\x1b~");
  assert.equal(printableBody(Buffer.from([0xc0, 0x80, 0x7f])), "\\xc0\\x80\\x7f");
  assert.equal(
    printableBody(Buffer.from([0x61, 0xf0, 0x9f])),
    "a\\xf0\\x9f",
    "cut in the middle of a character",
  );
  assert.equal(printableBody(Buffer.from([0xed, 0xa0, 0x80])), "\\xed\\xa0\\x80", "an encoded surrogate");
});

test("no body, whatever its bytes, gets a hostile character through or is shown at length", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }).map((body) => Buffer.from(body)),
    anyText.map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 300 }), (body, longest) => {
      const shown = printableBody(body, longest);
      assert.doesNotMatch(shown, hostile);
      assert.ok(shown.length <= longest + 1, `${shown.length} characters`);
    }),
    { numRuns: 500 },
  );
});

test("a body too long to show is cut between two characters, wherever its encoding would be cut", () => {
  for (const character of ["a", "é", "漢", "🐇"])
    for (let shift = 0; shift < 4; shift++) {
      const text = "a".repeat(shift) + character.repeat(1_000);
      const shown = printableBody(Buffer.from(text), 20);
      assert.equal(shown, printable(text, 20));
      assert.ok(shown.endsWith(`${character}…`));
    }
});

test("of a huge body only as much is read as is shown", () => {
  const body = Buffer.alloc(50 * 1024 * 1024, "漢");
  body[body.length - 1] = 0xff; // invalid, but it need not be read this far
  assert.equal(printableBody(body), `${"漢".repeat(200)}…`);
  const binary = Buffer.alloc(50 * 1024 * 1024, 0xff);
  assert.equal(printableBody(binary), `${"\\xff".repeat(50)}…`);
});

test("printable JSON means the same as before and holds nothing hostile", () => {
  const values = fc.oneof(fc.jsonValue({ stringUnit: "binary" }), anyText, fc.dictionary(anyText, anyText));
  fc.assert(
    fc.property(values, (value) => {
      const json = JSON.stringify(value);
      const shown = printableJson(json);
      assert.doesNotMatch(shown, hostile);
      assert.deepEqual(JSON.parse(shown), JSON.parse(json));
    }),
    { numRuns: 500 },
  );
});

test("JSON without anything hostile is left as it is, and the rest escaped the way JSON does", () => {
  const json = JSON.stringify({ text: "漢字 🐇 \\ \" '", at: 1.5 });
  assert.equal(printableJson(json), json);
  assert.equal(printableJson('"\x7f\x9b\u202e"'), '"\\u007f\\u009b\\u202e"');
  assert.equal(printableJson('"\u{e0041}"'), '"\\udb40\\udc41"');
});
