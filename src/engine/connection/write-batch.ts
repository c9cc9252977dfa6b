import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import { nextTick } from "node:process";
import type { ChannelModel } from "amqplib";

type Connection = ChannelModel["connection"];

/** Node's channel for client sockets that are made (Node docs, diagnostics_channel, built-in channels). */
const CLIENT_SOCKET = "net.client.socket";

const sockets = new WeakMap<Connection, Socket>();

/**
 * Calls amqplib's connect and remembers the socket that it makes, for `batchWrites`. Not with TLS, whose sockets
 * Node does not announce.
 */
export async function connectWithBatches(connect: () => Promise<ChannelModel>): Promise<ChannelModel> {
  let made: Socket | undefined;
  const note = (message: unknown) => {
    if (typeof message === "object" && message !== null && "socket" in message)
      if (message.socket instanceof Socket) made = message.socket;
  };
  subscribe(CLIENT_SOCKET, note);
  let connecting: Promise<ChannelModel>;
  try {
    connecting = connect(); // makes its socket before it returns
  } finally {
    unsubscribe(CLIENT_SOCKET, note);
  }
  const model = await connecting;
  if (made !== undefined) sockets.set(model.connection, made);
  return model;
}

/**
 * Writes all that is published or acknowledged in this turn to the socket at once; called after each publish or ack.
 * amqplib alone writes each message separately, a system call of about 5 µs, in the setImmediate after the turn.
 */
export function batchWrites(connection: Connection): void {
  const socket = sockets.get(connection);
  if (socket === undefined || socket.writableCorked > 0) return;
  socket.cork();
  // After amqplib's setImmediate, which it schedules in the next tick.
  nextTick(() => setImmediate(() => socket.uncork()));
}
