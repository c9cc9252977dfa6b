/** What a line is written to. */
interface Stream {
  write(text: string): unknown;
}

/**
 * A command's output, in order: lines to stdout and to stderr. Lines to stdout are written together at the end of the
 * turn: each write to a file is a system call, which takes a good part of a small task's round trip to the broker.
 */
export class Output {
  readonly #stdout: Stream;
  readonly #stderr: Stream;
  readonly #time: (() => string) | undefined;
  #waiting = "";

  /**
   * @param exiting emits `exit` when the process ends: what still waits is written then
   * @param time what each line begins with; default: nothing
   */
  constructor(
    stdout: Stream,
    stderr: Stream,
    exiting: { once(event: "exit", flush: () => void): unknown },
    time?: () => string,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#time = time;
    exiting.once("exit", () => this.flush());
  }

  /** A line to stdout, with others of the same turn. */
  out(line: string): void {
    // amqplib writes the acks and publishes of this turn in the next setImmediate, so this takes the one after that.
    if (this.#waiting === "") setImmediate(() => setImmediate(() => this.flush()));
    this.#waiting += this.#stamped(line);
  }

  /** A line to stderr, at once. */
  err(line: string): void {
    this.flush();
    this.#stderr.write(this.#stamped(line));
  }

  /** Any text to stdout, at once. */
  write(text: string): void {
    this.#stdout.write(this.#waiting + text);
    this.#waiting = "";
  }

  #stamped(lines: string): string {
    if (this.#time === undefined) return `${lines}\n`;
    const time = this.#time();
    return lines.replace(/^/gm, `${time} `).concat("\n");
  }

  /** Writes pending lines, before something else writes to the terminal. */
  flush(): void {
    if (this.#waiting !== "") this.write("");
  }
}
