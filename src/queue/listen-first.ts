import type { ChannelModel } from "amqplib";

const repaired = new WeakSet<object>();

/**
 * Makes amqplib hand over a connection before it reads what came behind open-ok. Otherwise a
 * connection.close in the same segment is handled before anybody can listen: an error would end the process,
 * a shutdown be heard by nobody. From the next connection on, for this one has been read from already.
 */
export function listenFirst({ connection }: ChannelModel): void {
  const prototype: { acceptLoop?: unknown } = Object.getPrototypeOf(connection);
  const { acceptLoop } = prototype; // amqplib 2.3, lib/connection.js: called as the last step of opening
  if (typeof acceptLoop !== "function" || repaired.has(prototype)) return;
  repaired.add(prototype);
  prototype.acceptLoop = function (this: unknown) {
    setImmediate(() => acceptLoop.call(this));
  };
}
