import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { addAbortSignal, pipeline, type Readable } from "node:stream";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";
import type { Input } from "../engine/task.js";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Tasks to publish, read some at a time as they are needed: memory does not grow with the file. */
export interface TaskSource {
  inputs: AsyncIterable<readonly Input[]>;
  close(): Promise<void>;
}

/**
 * Opens a file of tasks, `-` being standard input: one task per line (LF or CRLF, empty lines skipped, the
 * bytes as they are). Where the name ends in .csv, one per row: its first column, CSV quoting understood.
 * @param fromLine tasks on lines before this one are passed over
 * @param signal aborting it ends reading with its AbortError, even while waiting for the next task
 * @throws WorkQueueError INPUT where it cannot be opened, or later, read.
 */
export async function openTaskFile(
  path: string,
  stdin: Readable,
  signal: AbortSignal,
  fromLine = 1,
): Promise<TaskSource> {
  const file = path === "-" ? undefined : await openFile(path);
  const bytes = addAbortSignal(signal, file?.createReadStream() ?? stdin);
  bytes.on("error", () => {}); // the reader gets it; there may be none yet
  const tasks = path.toLowerCase().endsWith(".csv") ? rows(bytes) : lines(bytes);
  const name = file === undefined ? "standard input" : basename(path);
  return {
    inputs: readable(tasks, fromLine, name, signal),
    close: async () => {
      bytes.destroy(); // a terminal or a pipe that is still read from would keep the process alive
      await file?.close().catch(() => {});
    },
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path);
    if ((await file.stat()).isDirectory()) {
      await file.close();
      throw new WorkQueueError(
        "INPUT",
        `"${path}" is a directory; --file needs a file with one task per line.`,
      );
    }
    return file;
  } catch (error) {
    if (error instanceof WorkQueueError) throw error;
    const reason = codeOf(error) === "ENOENT" ? "no such file" : reasonOf(error);
    throw new WorkQueueError("INPUT", `Cannot read "${path}": ${reason}.`, error);
  }
}

async function* readable(
  inputs: AsyncIterable<readonly Input[]>,
  fromLine: number,
  name: string,
  signal: AbortSignal,
): AsyncIterable<readonly Input[]> {
  try {
    for await (const some of inputs)
      yield (some[0]?.line ?? fromLine) < fromLine ? some.filter(({ line }) => line >= fromLine) : some;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new WorkQueueError("INPUT", `Cannot read ${name} any further: ${reasonOf(error)}`, error);
  }
}

/** Yields the lines that a chunk completes together. */
async function* lines(input: Readable): AsyncIterable<Input[]> {
  let rest: Buffer[] = [];
  let line = 0;
  let some: Input[] = [];
  const take = (bytes: Buffer) => {
    line++;
    const from = line === 1 && bytes.subarray(0, 3).equals(BOM) ? 3 : 0;
    const body = bytes.subarray(from, bytes.at(-1) === RETURN ? -1 : undefined);
    if (body.length > 0) some.push({ body, line });
  };
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      take(rest.length === 0 ? piece : Buffer.concat([...rest, piece]));
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    yield some;
    some = [];
  }
  take(Buffer.concat(rest));
  yield some;
}

async function* rows(input: Readable): AsyncIterable<Input[]> {
  const { parse } = await import("csv-parse"); // only now: most runs need none
  // Course files have rows of any length, and quotes where CSV allows none.
  const parser = parse({
    bom: true,
    info: true,
    recordDelimiter: ["\r\n", "\n", "\r"],
    relaxColumnCount: true,
    relaxQuotes: true,
    skipEmptyLines: true,
  });
  pipeline(input, parser, () => {});
  for await (const row of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    const [task = ""] = row.record;
    if (task !== "") yield [{ body: Buffer.from(task), line: row.info.lines }];
  }
}
