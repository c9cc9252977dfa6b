/** One dot, the byte 0x2E, is one unit of work (RabbitMQ tutorial 2). */
const DOT = 0x2e;

/** The largest body that events show, in bytes: what RabbitMQ 4 takes at most unless it is configured otherwise. */
const LARGEST_SHOWN = 16 * 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A task to publish: its body, and its line in the input, from 1. */
export interface Input {
  body: Buffer;
  line: number;
}

/** A task as events show it. Its text is decoded when it is read, not before: a body may be 100 MB. */
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

  /** The number of 0x2E bytes in the body, text or not. */
  get dots(): number {
    if (this.#dots === undefined) {
      let dots = 0;
      // By index: for 100 MB of dots, indexOf or an iterator takes seconds and blocks heartbeats.
      for (let at = 0; at < this.body.length; at++) if (this.body[at] === DOT) dots++;
      this.#dots = dots;
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
    const { id, bytes, dots } = this;
    if (bytes > LARGEST_SHOWN) return { id, bytes, dots };
    const { text } = this;
    return text === undefined
      ? { id, base64: this.body.toString("base64"), bytes, dots }
      : { id, text, bytes, dots };
  }
}

/** A task in a JSON event: `text`, or `base64` where the body is not valid UTF-8; neither of a body over 16 MiB. */
export type TaskJson = { id: string; bytes: number; dots: number } & (
  | { text: string; base64?: never }
  | { base64: string; text?: never }
  | { text?: never; base64?: never }
);
