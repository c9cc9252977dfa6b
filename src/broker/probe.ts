import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import { connect } from "amqplib";
import { codeOf } from "../engine/errors.js";
import { within } from "../engine/timers.js";

/** Whether a process on this machine accepts connections at a port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Whether an AMQP connection can be opened at a URL. */
export async function opensConnections(url: string): Promise<boolean> {
  try {
    const connection = await connect(url, { timeout: 2_000 });
    connection.on("error", () => {});
    await within(1_000, connection.close());
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether the server at a port of this machine uses TLS, even where it rejects this client. An accepted connection
 * alone shows nothing: Docker accepts one at every published port.
 */
export function acceptsTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.once("secureConnect", () => {
      socket.destroy();
      resolve(true);
    });
    // Any other error is one of TLS itself, for example a missing client certificate.
    socket.once("error", (error) => resolve(!["ECONNREFUSED", "ECONNRESET"].includes(String(codeOf(error)))));
  });
}

/** Whether a node is a member of a broker's cluster, running or not (RabbitMQ's HTTP API, /api/nodes). */
export async function knowsNode(adminUrl: string, name: string): Promise<boolean> {
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  try {
    const response = await fetch(`${adminUrl}api/nodes?columns=name`, { headers: { authorization } });
    return ((await response.json()) as { name: string }[]).some((node) => node.name === name);
  } catch {
    return false;
  }
}
