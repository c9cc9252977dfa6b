import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { openTaskFile } from "#dist/commands/task-file.js";
import { eventually } from "../support/eventually.js";

const never = new AbortController().signal;
const noInput = () => Readable.from([]);

/** A file in a folder of its own, gone with the test. */
async function file(t: TestContext, name: string, content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "task-file-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

async function read(path: string, stdin: Readable = noInput(), signal = never): Promise<Buffer[]> {
  const source = await openTaskFile(path, stdin, signal);
  const bodies: Buffer[] = [];
  for await (const some of source.inputs) for (const { body } of some) bodies.push(body);
  await source.close();
  return bodies;
}

const texts = async (path: string, stdin?: Readable): Promise<string[]> =>
  (await read(path, stdin)).map((body) => body.toString());

test("a file is one task per line, whatever its line ends and its last line", async (t) => {
  const cases: [content: string, tasks: string[]][] = [
    ["a\nb.\n", ["a", "b."]],
    ["a\r\nb.\r\n", ["a", "b."]],
    ["a\nb.", ["a", "b."]],
    ["a\r\nb.\r", ["a", "b."]],
    ["\n\na\n\r\n\nb\n\n", ["a", "b"]],
    ["\ufeffa\n\ufeffb\n", ["a", "\ufeffb"]],
    ["\ufeff\na\n", ["a"]],
    ["\ufeff", []],
    ["", []],
    ["\n", []],
    [" a \n \n", [" a "]],
    ['a,b\n"c"\n', ["a,b", '"c"']],
    ["漢字.\n🐇\n", ["漢字.", "🐇"]],
  ];
  for (const [content, tasks] of cases)
    await t.test(JSON.stringify(content), async (t) => {
      assert.deepEqual(await texts(await file(t, "tasks.txt", content)), tasks);
    });
});

test("standard input is read where the file is called -", async () => {
  assert.deepEqual(await texts("-", Readable.from([Buffer.from("a\nb\n")])), ["a", "b"]);
});

test("it makes no difference where the input is cut into chunks", async () => {
  const whole = Buffer.from("\ufeffFirst.\r\n\r\n漢字 🐇..\nend\r\n…");
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: whole.length });
  await fc.assert(
    fc.asyncProperty(cuts, async (at) => {
      const edges = [0, ...at.toSorted((a, b) => a - b), whole.length];
      const chunks = edges.slice(1).map((to, piece) => whole.subarray(edges[piece], to));
      assert.deepEqual(await texts("-", Readable.from(chunks)), ["First.", "漢字 🐇..", "end", "…"]);
    }),
  );
});

test("the bytes of a line are the task, even where they are no UTF-8", async () => {
  const bytes = Buffer.from([0xff, 0x2e, 0x00, 0xc3, 0x0d, 0x2e]);
  const input = Buffer.concat([bytes, Buffer.from("\n"), bytes]);
  assert.deepEqual(await read("-", Readable.from([input])), [bytes, bytes]);
});

test("a line as long as many chunks is one task", async (t) => {
  const line = "漢.".repeat(300_000);
  assert.deepEqual(await texts(await file(t, "tasks.txt", `${line}\n${line}`)), [line, line]);
});

test("of a CSV file the first column is the task", async (t) => {
  const cases: [content: string, tasks: string[]][] = [
    ["First.,1\nSecond..,2\n", ["First.", "Second.."]],
    ["a,1\r\nb,2", ["a", "b"]],
    ['a,1\n"b"\r\nc,3\rd\r\n\n\r\n"e"', ["a", "b", "c", "d", "e"]],
    ['"a, b",1\n"c"\n', ["a, b", "c"]],
    ['"say ""hi""."\n', ['say "hi".']],
    ['"two\nlines.",x\nb\n', ["two\nlines.", "b"]],
    ["a\nb,1,2\nc,1\n", ["a", "b", "c"]],
    [",x\n\na\n", ["a"]],
    ['say "hi",1\n', ['say "hi"']],
    ["\ufeffa,1\n", ["a"]],
    ['\ufeff"a",1\n', ["a"]],
    ["漢字.,1\n", ["漢字."]],
    ["", []],
  ];
  for (const [content, tasks] of cases)
    await t.test(JSON.stringify(content), async (t) => {
      assert.deepEqual(await texts(await file(t, "tasks.CSV", content)), tasks);
    });
});

test("a task of a CSV file may be cut anywhere by the chunks it is read in", async (t) => {
  const task = "漢字, ".repeat(50_000);
  assert.deepEqual(await texts(await file(t, "tasks.csv", `a,1\n"${task}",2\n`)), ["a", task]);
});

test("each task has the line it stands on, empty lines counted, and reading may begin at a line", async (t) => {
  const cases: [name: string, content: string, lines: [string, number][]][] = [
    [
      "tasks.txt",
      "a\n\nb\r\nc",
      [
        ["a", 1],
        ["b", 3],
        ["c", 4],
      ],
    ],
    // A row of several lines ends on the last of them.
    [
      "tasks.csv",
      'a,1\n\n"b\nb",2\nc',
      [
        ["a", 1],
        ["b\nb", 4],
        ["c", 5],
      ],
    ],
  ];
  for (const [name, content, lines] of cases) {
    const path = await file(t, name, content);
    for (const [fromLine, expected] of [
      [1, lines],
      [2, lines.slice(1)],
      [9, []],
    ] as const) {
      const source = await openTaskFile(path, noInput(), never, fromLine);
      const found: [string, number][] = [];
      for await (const some of source.inputs)
        for (const { body, line } of some) found.push([body.toString(), line]);
      await source.close();
      assert.deepEqual(found, expected);
    }
  }
});

test("a directory and a missing file are refused at once, with the path that was given", async (t) => {
  const path = await file(t, "tasks.txt", "");
  const folder = join(path, "..");
  for (const [given, message] of [
    [folder, "is a directory"],
    [join(folder, "no such"), "no such file"],
    [join(path, "below"), "Cannot read"],
  ] as const)
    await assert.rejects(openTaskFile(given, noInput(), never), ({ code, message: told }) => {
      assert.equal(code, "INPUT");
      assert.ok(told.includes(`"${given}"`) && told.includes(message), told);
      return true;
    });
});

test("input that breaks off is an error that says which", async () => {
  const breaking = async function* () {
    yield Buffer.from("a\nb");
    throw new Error("the cable came out");
  };
  await assert.rejects(read("-", Readable.from(breaking())), {
    code: "INPUT",
    message: /standard input.*the cable came out/,
  });
});

test("an abort ends the reading even while the next line is waited for", async () => {
  const stop = new AbortController();
  const stdin = new PassThrough();
  stdin.write("a\nunfinished");
  const { inputs } = await openTaskFile("-", stdin, stop.signal);
  const tasks = inputs[Symbol.asyncIterator]();
  assert.equal(String((await tasks.next()).value[0].body), "a");
  const next = tasks.next();
  stop.abort();
  await assert.rejects(next, { name: "AbortError" });
});

/** Lets everything happen that is under way with files. */
async function filesSettle(): Promise<void> {
  const isIdle = () => !process.getActiveResourcesInfo().some((what) => /FSReq|CloseReq/.test(what));
  await turn();
  await eventually("no file is being read", isIdle);
  await turn();
}

// The one between comes while the broker is still being connected to: nothing is read yet, and time passes.
for (const name of ["tasks.txt", "tasks.csv"])
  for (const when of ["before the file is opened", "between opening and reading", "in the middle"] as const)
    test(`an abort ${when} ends the reading of ${name}`, { timeout: 10_000 }, async (t) => {
      const path = await file(t, name, "a line\n".repeat(100_000));
      const stop = new AbortController();
      if (when === "before the file is opened") stop.abort();
      const source = await openTaskFile(path, noInput(), stop.signal);
      t.after(() => source.close());
      if (when === "between opening and reading") stop.abort();
      if (when !== "in the middle") await filesSettle();
      let read = 0;
      const reading = async () => {
        for await (const { length } of source.inputs) if (length > 0 && ++read === 3) stop.abort();
      };
      await assert.rejects(reading(), { name: "AbortError" });
      assert.ok(read < 100_000);
    });

test("a line of white space only is an empty line, in a .csv too", async (t) => {
  const content = "a\n \t \r\n\n  b  \n\v\f\n";
  assert.deepEqual(await texts(await file(t, "tasks.txt", content)), ["a", "  b  "]);
  assert.deepEqual(await texts(await file(t, "tasks.csv", 'a,1\n  ,2\n" ",3\nb,4\n')), ["a", "b"]);
});

test("how many tasks it will be is estimated from what was read, and exact at its end", async (t) => {
  for (const [name, from] of [
    ["tasks.txt", 1],
    ["tasks.csv", 1],
    ["tasks.txt", 5_001],
  ] as const) {
    const source = await openTaskFile(
      await file(t, name, "a task..\n".repeat(50_000)),
      noInput(),
      never,
      from,
    );
    assert.equal(source.expected(), undefined, "nothing was read yet");
    const expected = 50_001 - from;
    for await (const some of source.inputs)
      if (some.length > 0) {
        const estimate = source.expected() ?? 0;
        assert.ok(Math.abs(estimate - expected) < expected / 100, `${name}: ${estimate}`);
      }
    assert.equal(source.expected(), expected);
    await source.close();
  }
  const piped = await openTaskFile("-", Readable.from([Buffer.from("a\nb\n")]), never);
  for await (const _ of piped.inputs) assert.equal(piped.expected(), undefined);
});
