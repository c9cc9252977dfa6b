import { connect as connectSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import { connect } from "amqplib";
import { codeOf } from "../engine/errors.js";
import { within } from "../engine/timers.js";

/** Whether anything on this machine accepts connections at a port. */
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

/** Whether AMQP connections are opened at a URL. */
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

/** Whether TLS is spoken at a port of this machine, whoever is let in there. Docker accepts connections in any case. */
export function speaksTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.once("secureConnect", () => {
      socket.destroy();
      resolve(true);
    });
    // Any other error is one of TLS itself: a certificate that is missing, say.
    socket.once("error", (error) => resolve(!["ECONNREFUSED", "ECONNRESET"].includes(String(codeOf(error)))));
  });
}

/** Whether a broker counts that node among its cluster's, running or not (RabbitMQ's HTTP API, /api/nodes). */
export async function knowsNode(adminUrl: string, name: string): Promise<boolean> {
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  try {
    const response = await fetch(`${adminUrl}api/nodes?columns=name`, { headers: { authorization } });
    return ((await response.json()) as { name: string }[]).some((node) => node.name === name);
  } catch {
    return false;
  }
}
