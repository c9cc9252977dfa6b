/** One dot, the byte 0x2E, is one unit of work (RabbitMQ tutorial 2). */
const DOT = 0x2e;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A task as events show it. Its text is decoded only when somebody reads it: a body may be 100 MB. */
export class Task {
  /** The message id; for a message without one, `delivery-<tag>`. */
  readonly id: string;
  readonly body: Buffer;
  #dots: number | undefined;

  constructor(id: string, body: Buffer) {
    this.id = id;
    this.body = body;
  }

  /** Size of the body in bytes. */
  get bytes(): number {
    return this.body.length;
  }

  /** How many bytes 0x2E the body holds, whatever else it is. */
  get dots(): number {
    if (this.#dots === undefined) {
      this.#dots = 0;
      for (let at = this.body.indexOf(DOT); at >= 0; at = this.body.indexOf(DOT, at + 1)) this.#dots++;
    }
    return this.#dots;
  }

  /** The body as UTF-8, or undefined where it is not valid UTF-8. */
  get text(): string | undefined {
    try {
      return utf8.decode(this.body);
    } catch {
      return undefined;
    }
  }

  toJSON(): TaskJson {
    const { id, text, bytes, dots } = this;
    return text === undefined
      ? { id, base64: this.body.toString("base64"), bytes, dots }
      : { id, text, bytes, dots };
  }
}

/** A task in a JSON event: `text`, or `base64` where the body is not valid UTF-8. */
export type TaskJson = { id: string; bytes: number; dots: number } & (
  | { text: string; base64?: never }
  | { base64: string; text?: never }
);
