import { once } from "node:events";
import { connect } from "node:net";
import { createServer } from "node:tls";
import { pem } from "./certificates.js";
import type { Scope } from "./scope.js";

/** Speaks TLS, with the test certificate, on a port of localhost for a server that does not; until the test ends. */
export async function tlsFront(t: Scope, { port, target }: { port: number; target: number }): Promise<void> {
  const server = createServer({ cert: pem("server"), key: pem("server-key") }, (near) => {
    const far = connect(target, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => other.destroy());
      socket.pipe(other);
    }
    t.after(() => near.destroy());
  });
  server.on("tlsClientError", () => {}); // a client that does not trust it hangs up
  server.listen(port, "localhost");
  await once(server, "listening");
  t.after(() => server.close());
}
