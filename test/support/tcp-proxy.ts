import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Scope } from "./scope.js";

/** A TCP proxy in front of a broker: the network between, which can be cut and listened to. */
export class TcpProxy {
  /** Called with what a client sends. */
  onSent: (bytes: Buffer) => void = () => {};
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      if (this.#isCut) {
        near.destroy();
        return;
      }
      const far = connect(target, "127.0.0.1");
      near.on("data", (bytes) => this.onSent(bytes));
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
  }

  /** Listens on a port of its own, until the test ends. */
  static async start(t: Scope, target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    t.after(() => {
      proxy.#server.close();
      proxy.cut();
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("The proxy does not listen.");
    return address.port;
  }

  /** Nothing arrives any more on the present connections, in either direction, not even their end. */
  silence(): void {
    for (const socket of this.#sockets) socket.removeAllListeners("close").unpipe().pause();
  }

  /** Cuts every connection, and each new one until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }
}
