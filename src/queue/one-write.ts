import { Socket } from "node:net";
import type { ChannelModel } from "amqplib";

/**
 * Makes all that amqplib writes in one go one write to the socket. Left alone it hands over each publish and
 * each ack by itself, a system call for every task.
 */
export function oneWrite({ connection }: ChannelModel): void {
  // amqplib 2.3, lib/connection.js; its types leave it out.
  if (!("stream" in connection) || !(connection.stream instanceof Socket)) return;
  const socket = connection.stream;
  const write = socket.write;
  let corked = false;
  socket.write = (...words: unknown[]) => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    return Reflect.apply(write, socket, words);
  };
}
