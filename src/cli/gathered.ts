/** A stream to which the lines of several events go in one write: to a file every write is a system call. */
export class Gathered {
  readonly #stream: { write(text: string): unknown };
  #text = "";
  #gathering = false;

  constructor(stream: { write(text: string): unknown }) {
    this.#stream = stream;
  }

  write(text: string): void {
    if (this.#gathering) this.#text += text;
    else this.#stream.write(text);
  }

  /** Writes what `work` writes, all at once. */
  gather(work: () => void): void {
    this.#gathering = true;
    try {
      work();
    } finally {
      this.#gathering = false;
      this.flush();
    }
  }

  /** Writes what is gathered so far: before something goes to another stream of the same terminal. */
  flush(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#stream.write(text);
  }
}
