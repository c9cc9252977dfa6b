const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** The longest line passed on, in bytes; what is beyond is left out. */
const LONGEST_LINE = 8 * 1024;

/** Cuts a command's output into lines, without their ends; keeps no more than one line. */
export class OutputLines {
  readonly #onLine: (text: string) => void;
  #kept: Buffer[] = [];
  #bytes = 0;
  #cut = false;

  /** @param onLine called with each line when it is complete, synchronously */
  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at));
      this.#pass();
      from = at + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  /** The output has ended: passes on a last line without an end. */
  end(): void {
    if (this.#bytes > 0) this.#pass();
  }

  #keep(part: Buffer): void {
    const room = LONGEST_LINE - this.#bytes;
    this.#cut ||= part.length > room;
    const kept = part.subarray(0, room);
    if (kept.length === 0) return;
    this.#kept.push(kept);
    this.#bytes += kept.length;
  }

  #pass(): void {
    const [only = Buffer.alloc(0), ...more] = this.#kept;
    const line = more.length === 0 ? only : Buffer.concat(this.#kept);
    const end = line.at(-1) === RETURN && !this.#cut ? -1 : line.length;
    const text = line.subarray(0, end).toString();
    this.#kept = [];
    this.#bytes = 0;
    this.#onLine(this.#cut ? `${text}…` : text);
    this.#cut = false;
  }
}

/** The end of a command's output: its last 2 KiB. */
export class OutputEnd {
  static readonly #BYTES = 2_048;
  #bytes: Buffer = Buffer.alloc(0);

  write(chunk: Buffer): void {
    const joined = chunk.length >= OutputEnd.#BYTES ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#bytes = Buffer.from(joined.subarray(-OutputEnd.#BYTES)); // a copy: the chunk's memory is larger
  }

  toString(): string {
    return this.#bytes.toString().trim();
  }
}
