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
  #waiting = "";

  /** @param exiting emits `exit` when the process ends: what still waits is written then */
  constructor(stdout: Stream, stderr: Stream, exiting: { once(event: "exit", flush: () => void): unknown }) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    exiting.once("exit", () => this.flush());
  }

  /** A line to stdout, with others of the same turn. */
  out(line: string): void {
    // amqplib writes the acks and publishes of this turn in the next setImmediate, so this takes the one after that.
    if (this.#waiting === "") setImmediate(() => setImmediate(() => this.flush()));
    this.#waiting += `${line}\n`;
  }

  /** A line to stderr, at once. */
  err(line: string): void {
    this.flush();
    this.#stderr.write(`${line}\n`);
  }

  /** Any text to stdout, at once. */
  write(text: string): void {
    this.#stdout.write(this.#waiting + text);
    this.#waiting = "";
  }

  /** Writes pending lines, before something else writes to the terminal. */
  flush(): void {
    if (this.#waiting !== "") this.write("");
  }
}
