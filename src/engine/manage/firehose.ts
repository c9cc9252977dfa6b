import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";

/** Where the broker copies each publish and delivery to, while tracing is on (guide "Firehose Tracer"). */
const TRACE_EXCHANGE = "amq.rabbitmq.trace";

/** What the broker keeps for a reader that is behind, in messages and bytes; older ones are dropped. */
const MOST_KEPT = 100_000;
const MOST_BYTES_KEPT = 128 * 1024 * 1024;

/** AMQP short strings, which routing keys are, hold 255 bytes (spec 4.2.5.3). */
const LONGEST_KEY = 255;

/** A publish or a delivery, as the firehose copies it. */
export interface TracedMessage {
  kind: "publish" | "deliver";
  /** `<connection> (<number>)`, the channel's name in the management API. */
  channel: string;
  /** Of a publish, the queues it was routed to; of a delivery, the one it came from. */
  queues: readonly string[];
  /** Empty: it has none. */
  messageId: string;
  /** The message's own. */
  headers: Readonly<Record<string, unknown>>;
  body: Buffer;
  redelivered: boolean;
}

/** Reads the firehose of a virtual host, for one queue or several. What it needs ends with its connection. */
export class Firehose {
  readonly #channel: Channel;
  readonly #own: string;

  private constructor(channel: Channel, own: string) {
    this.#channel = channel;
    this.#own = own;
  }

  /** Opens it for all publishes; `follow` adds a queue's deliveries. @param onTraced called for each, in order */
  static async open(connection: ChannelModel, onTraced: (traced: TracedMessage) => void): Promise<Firehose> {
    const channel = await connection.createChannel();
    channel.on("error", () => {}); // its close is seen with the connection's: nothing else uses it
    const { queue } = await channel.assertQueue("", {
      exclusive: true,
      autoDelete: true,
      maxLength: MOST_KEPT,
      arguments: { "x-queue-type": "classic", "x-max-length-bytes": MOST_BYTES_KEPT },
    });
    await channel.bindQueue(queue, TRACE_EXCHANGE, "publish.#");
    // Without acks: RabbitMQ sends a channel no more than 200 messages ahead of its socket.
    await channel.consume(
      queue,
      (message) => {
        const traced = message === null ? undefined : read(message);
        if (traced !== undefined) onTraced(traced);
      },
      { noAck: true },
    );
    return new Firehose(channel, queue);
  }

  /** Drops what the broker keeps for this reader, if that is more than `most` copies; resolves with how many it dropped. */
  async dropBacklog(most: number): Promise<number> {
    const { messageCount } = await this.#channel.checkQueue(this.#own);
    return messageCount > most ? (await this.#channel.purgeQueue(this.#own)).messageCount : 0;
  }

  /** Adds the deliveries of a queue. */
  async follow(queue: string): Promise<void> {
    const key = `deliver.${queue}`;
    // A longer name has no routing key of its own; nor has the broker one for its copies then.
    await this.#channel.bindQueue(
      this.#own,
      TRACE_EXCHANGE,
      Buffer.byteLength(key) > LONGEST_KEY ? "deliver.#" : key,
    );
  }
}

/** Reads one copy; undefined where amqplib could not decode its headers, which say what it is a copy of. */
function read({ fields, properties, content }: ConsumeMessage): TracedMessage | undefined {
  const kind = fields.routingKey.startsWith("publish.") ? "publish" : "deliver";
  const headers: Record<string, unknown> = properties.headers ?? {};
  const { connection, channel, routed_queues: routed, redelivered } = headers;
  if (typeof connection !== "string") return undefined;
  const own = isTable(headers["properties"]) ? headers["properties"] : {};
  const id = own["message_id"];
  return {
    kind,
    channel: `${connection} (${channel})`,
    queues:
      kind === "deliver"
        ? [fields.routingKey.slice("deliver.".length)]
        : Array.isArray(routed)
          ? routed.map(String)
          : [],
    messageId: typeof id === "string" ? id : "",
    headers: isTable(own["headers"]) ? own["headers"] : {},
    body: content,
    redelivered: redelivered === 1,
  };
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
