import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Task } from "#dist/engine/task.js";

const task = (body: string | number[]): Task =>
  new Task("1", typeof body === "string" ? Buffer.from(body) : Buffer.from(body));

test("a task has as many dots as its body has bytes 0x2E", () => {
  const cases: [body: string | number[], dots: number][] = [
    ["", 0],
    ["no dot", 0],
    ["First message.", 1],
    ["...", 3],
    [".a.b.", 3],
    ["…・。。", 0],
    ["ḮĮ", 0],
    [[0xff, 0x2e, 0xfe, 0x2e], 2],
    [[0xc3, 0x2e], 1],
    [[0x2e, 0x00, 0x2e, 0x00], 2],
  ];
  for (const [body, dots] of cases) assert.equal(task(body).dots, dots, JSON.stringify(body));
});

test("dots are counted in any body, text or not", () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 0x3f, maxLength: 300 }), (bytes) => {
      assert.equal(task([...bytes]).dots, bytes.filter((byte) => byte === 0x2e).length);
    }),
  );
});

test("in JSON a body is text where it is UTF-8, and base64 where it is not", () => {
  const cases: [body: string | number[], json: object][] = [
    ["First message.", { id: "1", text: "First message.", bytes: 14, dots: 1 }],
    ["", { id: "1", text: "", bytes: 0, dots: 0 }],
    ["漢.", { id: "1", text: "漢.", bytes: 4, dots: 1 }],
    [[0xff, 0x2e], { id: "1", base64: "/y4=", bytes: 2, dots: 1 }],
    [[0xed, 0xa0, 0x80], { id: "1", base64: "7aCA", bytes: 3, dots: 0 }],
  ];
  for (const [body, json] of cases) assert.deepEqual(JSON.parse(JSON.stringify(task(body))), json);
});

test("a byte order mark is part of the text, so that the text gives the body back", () => {
  const body = Buffer.from("\ufeffa.");
  const { text } = new Task("1", body);
  assert.equal(text, "\ufeffa.");
  assert.deepEqual(Buffer.from(text ?? ""), body);
});

test("from its JSON every body comes back byte for byte", () => {
  const bodies = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      const { text, base64 } = new Task("1", body).toJSON();
      assert.ok(body.equals(text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text)));
    }),
  );
});

test("a body over 16 MiB is in no JSON, only its size and its dots are", () => {
  const largest = 16 * 1024 * 1024;
  for (const fill of [".", 0xff]) {
    const { text, base64 } = new Task("1", Buffer.alloc(largest, fill)).toJSON();
    assert.ok(text !== undefined || base64 !== undefined);
  }
  for (const [fill, dots] of [
    [".", largest + 1],
    [0xff, 0],
  ] as const)
    assert.deepEqual(new Task("1", Buffer.alloc(largest + 1, fill)).toJSON(), {
      id: "1",
      bytes: largest + 1,
      dots,
    });
});
