import { once } from "node:events";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PrivateBroker } from "../dist/broker/private-broker.js";

const certificates = join(dirname(dirname(fileURLToPath(import.meta.url))), "test/certificates");
const pem = (name) => join(certificates, `${name}.pem`);
const tls = { ca: pem("ca"), cert: pem("server"), key: pem("server-key") };

/** RabbitMQ samples every 5 s by itself: a test of what the samples say would only wait for the next one. */
const oftenSampled = "collect_statistics_interval = 500";

/** As much as RabbitMQ 3 takes by itself; 4 takes 16 MiB. */
const largeMessages = "max_message_size = 134217728";

/** The brokers that several test files use; they are neither hurt nor changed by any. */
const kinds = {
  common: { config: [oftenSampled, largeMessages] },
  /** Small messages only, and a TLS listener. */
  limited: { config: [oftenSampled, "max_message_size = 1000"], tls },
  /** Its TLS listener asks for the client's certificate. It samples as RabbitMQ does by itself. */
  strict: { tls: { ...tls, verifyPeer: true } },
};

/**
 * RabbitMQs for all test files of a run: a start costs seconds, and each file is a process of its own. The common one
 * is there at once, another one from when a file asks for it: POST to `address` with its kind, and with one of
 * RabbitMQ's tools and its words to run that against it.
 */
export class SharedBrokers {
  #starting = new Map();
  #server = createServer((request, response) => {
    this.#answer(request).then(
      (answer) => response.end(JSON.stringify(answer)),
      (error) => response.writeHead(500).end(String(error.message)),
    );
  });

  static async start() {
    const brokers = new SharedBrokers();
    brokers.common = await brokers.#broker("common");
    brokers.#server.listen(0, "127.0.0.1");
    await once(brokers.#server, "listening");
    brokers.address = `http://127.0.0.1:${brokers.#server.address().port}`;
    return brokers;
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
    for (const started of await Promise.allSettled(this.#starting.values()))
      if (started.status === "fulfilled") await started.value.stop();
  }

  #broker(kind) {
    if (!Object.hasOwn(kinds, kind)) throw new Error(`There is no kind of broker "${kind}".`);
    const starting = this.#starting.get(kind) ?? PrivateBroker.start(kinds[kind]);
    this.#starting.set(kind, starting);
    return starting;
  }

  async #answer(request) {
    const { kind, tool, words = [] } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const broker = await this.#broker(kind);
    const { url, adminUrl, nodeName } = broker;
    const tlsUrl = kinds[kind].tls === undefined ? undefined : broker.tlsUrl;
    return { url, adminUrl, nodeName, tlsUrl, output: tool === undefined ? "" : broker.run(tool, ...words) };
  }
}
