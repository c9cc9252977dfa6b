import { createServer } from "node:net";

/** Ports of a private broker, all on 127.0.0.1. */
export interface BrokerPorts {
  amqp: number;
  /** AMQP's plus 10,000, as on a standard installation: so the admin UI is found from the AMQP URL. */
  management: number;
  distribution: number;
  epmd: number;
}

const MANAGEMENT_OFFSET = 10_000;

/** Picks free ports; the standard ones (5672, 15672) where they are wanted and nobody has them. */
export async function pickPorts(preferStandard: boolean): Promise<BrokerPorts> {
  const amqp = preferStandard && (await bothFree(5672)) ? 5672 : await freeAmqpPort();
  const [distribution, epmd] = await Promise.all([freePort(), freePort()]);
  return { amqp, management: amqp + MANAGEMENT_OFFSET, distribution, epmd };
}

async function freeAmqpPort(): Promise<number> {
  for (;;) {
    // Below the range from which systems take the ports of outgoing connections.
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await bothFree(port)) return port;
  }
}

async function bothFree(amqp: number): Promise<boolean> {
  return (await isFree(amqp)) && (await isFree(amqp + MANAGEMENT_OFFSET));
}

function isFree(port: number): Promise<boolean> {
  return listen(port).then(
    () => true,
    () => false,
  );
}

const freePort = (): Promise<number> => listen(0);

/** Listens for a moment; resolves with the port it had. */
function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}
