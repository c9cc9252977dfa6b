import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { addAbortSignal, pipeline, type Readable } from "node:stream";
import { codeOf, reasonOf, WorkQueueError } from "../engine/errors.js";
import type { Input } from "../engine/task.js";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
/** Of a file at a time: lines become objects by the chunk, and larger ones only cost memory. */
const CHUNK_BYTES = 8 * 1024;

/** Tasks to publish, read some at a time as they are needed: memory does not grow with the file. */
export interface TaskSource {
  inputs: AsyncIterable<readonly Input[]>;
  /** How many tasks it will be in all, estimated from what was read; undefined where its size is not known. */
  expected(): number | undefined;
  close(): Promise<void>;
}

/** Some tasks, and how many bytes of the file end with the last of them. */
interface Batch {
  tasks: Input[];
  bytes: number;
}

/**
 * Opens a file of tasks, `-` being standard input: one task per line (LF or CRLF; the bytes as they are). Where the
 * name ends in .csv, one per row: its first column, CSV quoting understood. What is only white space is skipped.
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
  const bytes = addAbortSignal(signal, file?.createReadStream({ highWaterMark: CHUNK_BYTES }) ?? stdin);
  bytes.on("error", () => {}); // the reader gets it; there may be none yet
  const batches = path.toLowerCase().endsWith(".csv") ? rows(bytes) : lines(bytes);
  const name = file === undefined ? "standard input" : basename(path);
  const size = (await file?.stat())?.size ?? 0; // 0 of a named pipe too
  const read = { tasks: 0, passedOn: 0, bytes: 0 };
  return {
    inputs: readable(batches, fromLine, name, signal, read),
    expected: () => {
      if (size === 0 || read.bytes === 0) return undefined;
      const left = Math.max(size - read.bytes, 0) * (read.tasks / read.bytes);
      return read.passedOn + Math.round(left);
    },
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
  batches: AsyncIterable<Batch>,
  fromLine: number,
  name: string,
  signal: AbortSignal,
  read: { tasks: number; passedOn: number; bytes: number },
): AsyncIterable<readonly Input[]> {
  try {
    for await (const { tasks, bytes } of batches) {
      const isBefore = (tasks[0]?.line ?? fromLine) < fromLine;
      const wanted = isBefore ? tasks.filter(({ line }) => line >= fromLine) : tasks;
      read.tasks += tasks.length;
      read.passedOn += wanted.length;
      read.bytes = bytes;
      yield wanted;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new WorkQueueError("INPUT", `Cannot read ${name} any further: ${reasonOf(error)}`, error);
  }
}

/** Yields the lines that a chunk completes together. */
async function* lines(input: Readable): AsyncIterable<Batch> {
  let rest: Buffer[] = [];
  let line = 0;
  let bytes = 0; // up to the end of the last whole line
  let chunks = 0; // bytes of the chunks before this one
  let some: Input[] = [];
  const take = (bytes: Buffer) => {
    line++;
    const from = line === 1 && bytes.subarray(0, 3).equals(BOM) ? 3 : 0;
    const body = bytes.subarray(from, bytes.at(-1) === RETURN ? -1 : undefined);
    if (!isBlank(body)) some.push({ body, line });
  };
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      take(rest.length === 0 ? piece : Buffer.concat([...rest, piece]));
      rest = [];
      start = end + 1;
      bytes = chunks + start;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    chunks += chunk.length;
    yield { tasks: some, bytes };
    some = [];
  }
  const last = Buffer.concat(rest);
  take(last);
  yield { tasks: some, bytes: bytes + last.length };
}

/** Whether there is nothing in a line but white space: tabs and their like (bytes 9 to 13), and spaces. */
const isBlank = (line: Buffer): boolean => line.every((byte) => byte === 0x20 || (byte >= 9 && byte <= 13));

async function* rows(input: Readable): AsyncIterable<Batch> {
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
  for await (const row of parser as AsyncIterable<{
    record: string[];
    info: { lines: number; bytes: number };
  }>) {
    const [task = ""] = row.record;
    const { lines, bytes } = row.info;
    if (task.trim() !== "") yield { tasks: [{ body: Buffer.from(task), line: lines }], bytes };
  }
}
