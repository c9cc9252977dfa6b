import { createServer } from "node:net";

/** The ports of a private broker, all on 127.0.0.1. */
export interface BrokerPorts {
  amqp: number;
  /** AMQP with TLS, where it is configured. */
  tls: number;
  /** AMQP's plus 10,000, as on a standard installation, so that the admin UI's URL follows from the AMQP URL. */
  management: number;
  distribution: number;
  epmd: number;
}

const MANAGEMENT_OFFSET = 10_000;

/**
 * All are below 32,768, where the ports of outgoing connections begin (Linux: ip(7), ip_local_port_range): a free
 * port up there may be taken a moment later.
 */
const AMQP_PORTS = { from: 20_000, to: 22_700 }; // admin UI: up to 32,700
const OTHER_PORTS = { from: 22_700, to: 30_000 };

/** Picks free ports. @param preferStandard take 5672 and 15672 where both are free */
export async function pickPorts(preferStandard: boolean): Promise<BrokerPorts> {
  const amqp = preferStandard && (await bothFree(5672)) ? 5672 : await pick(AMQP_PORTS, bothFree);
  const others = new Set<number>();
  while (others.size < 3) others.add(await pick(OTHER_PORTS, isFree));
  const [tls = 0, distribution = 0, epmd = 0] = others;
  return { amqp, tls, management: amqp + MANAGEMENT_OFFSET, distribution, epmd };
}

async function pick(
  { from, to }: { from: number; to: number },
  accept: (port: number) => Promise<boolean>,
): Promise<number> {
  for (;;) {
    const port = from + Math.floor(Math.random() * (to - from));
    if (await accept(port)) return port;
  }
}

async function bothFree(amqp: number): Promise<boolean> {
  return (await isFree(amqp)) && (await isFree(amqp + MANAGEMENT_OFFSET));
}

/** Whether a server can listen on a port: it listens for a moment. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
